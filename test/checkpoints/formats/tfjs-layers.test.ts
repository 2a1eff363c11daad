import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { readTfjsWeights } from '../../../src/checkpoints/formats/tfjs-layers.js';
import { randomStream } from '../../../src/engine/random.js';
import { UsageError } from '../../../src/system/errors.js';
import { temporaryFolder } from '../../support/temporary.js';
import { flippedBits, growth, hostileToken, rewrite } from '../../support/mutations.js';

const floats = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer);
const weights = [
  { name: 'Conv1/kernel', shape: [1, 2], dtype: 'float32' },
  { name: 'Conv1/bias', shape: [], dtype: 'float32' },
  { name: 'bn/gamma', shape: [3], dtype: 'float32' },
];

function model(t: TestContext, manifest: unknown, shards: Record<string, Buffer>): string {
  const folder = temporaryFolder(t);
  for (const [name, bytes] of Object.entries(shards)) writeFileSync(path.join(folder, name), bytes);
  const file = path.join(folder, 'model.json');
  writeFileSync(file, JSON.stringify({ modelTopology: {}, weightsManifest: manifest }));
  return file;
}

const expected = new Map([
  ['Conv1/kernel', { shape: [1, 2], data: Float32Array.of(1, 2) }],
  ['Conv1/bias', { shape: [], data: Float32Array.of(3) }],
  ['bn/gamma', { shape: [3], data: Float32Array.of(4, 5, 6) }],
]);

test('weights by name, from one shard, from several cut anywhere, and from several groups', (t) => {
  const bytes = floats(1, 2, 3, 4, 5, 6);
  const one = model(t, [{ paths: ['weights.bin'], weights }], { 'weights.bin': bytes });
  assert.deepEqual(readTfjsWeights(one), expected);
  const cut = model(t, [{ paths: ['a.bin', 'b.bin'], weights }], {
    'a.bin': bytes.subarray(0, 7),
    'b.bin': bytes.subarray(7),
  });
  assert.deepEqual(readTfjsWeights(cut), expected);
  const groups = model(
    t,
    [
      { paths: ['a.bin'], weights: weights.slice(0, 2) },
      { paths: ['b.bin'], weights: weights.slice(2) },
    ],
    { 'a.bin': floats(1, 2, 3), 'b.bin': floats(4, 5, 6) },
  );
  assert.deepEqual(readTfjsWeights(groups), expected);
});

test('shards lie beside the model: a path that leads elsewhere is not followed', (t) => {
  const file = model(t, [{ paths: ['../../weights.bin'], weights }], { 'weights.bin': floats(1, 2, 3, 4, 5, 6) });
  assert.deepEqual(readTfjsWeights(file), expected);
});

test('what does not hold what it says is refused, by file', (t) => {
  const refused = (file: string, ...said: string[]) => {
    assert.throws(
      () => readTfjsWeights(file),
      (error) => error instanceof UsageError && said.every((part) => error.message.includes(part)),
    );
  };
  const short = model(t, [{ paths: ['w.bin'], weights }], { 'w.bin': floats(1, 2, 3) });
  refused(short, short, 'its weights take 24 bytes, but its shards hold 12');
  refused(model(t, [{ paths: ['gone.bin'], weights }], {}), 'weights not readable: ', 'gone.bin');
  const small = [{ name: 'w', shape: [2], dtype: 'float16' }];
  refused(model(t, [{ paths: ['w.bin'], weights: small }], { 'w.bin': floats(1) }), 'not a tfjs model with float32');
  refused(model(t, 'none', {}), 'not a tfjs model');
  const text = path.join(temporaryFolder(t), 'model.json');
  writeFileSync(text, 'no JSON');
  refused(text, 'tfjs model is not JSON');
  refused(path.join(path.dirname(text), 'no.json'), 'tfjs model not readable', 'no.json');
});

test('nothing is taken into memory that the files do not hold, and nothing is waited for', (t) => {
  const refused = (file: string, said: RegExp) => {
    assert.throws(() => readTfjsWeights(file), { name: 'UsageError', message: said });
  };
  const shard = { 'w.bin': floats(1, 2, 3, 4, 5, 6) };
  const huge = [{ name: 'w', shape: [2 ** 52, 2 ** 52], dtype: 'float32' }];
  refused(model(t, [{ paths: ['w.bin'], weights: huge }], shard), /its weights take 8[.]1.*e[+]31 bytes/);
  const many = [{ name: 'w', shape: [6, 1e5], dtype: 'float32' }];
  const paths = Array.from({ length: 1e5 }, (_, i) => `${i}/w.bin`);
  refused(model(t, [{ paths, weights: many }], shard), /shard "w\.bin" is listed twice/);
  const twice = [weights[2]!, weights[2]!];
  refused(model(t, [{ paths: ['w.bin'], weights: twice }], shard), /weight "bn\/gamma" is listed twice/);
  refused(model(t, [{ paths: ['w\n\0.bin'], weights }], shard), /shard "w\?\?\.bin" is not a file name/);
  const shape = [{ name: 'w', shape: [-6], dtype: 'float32' }];
  refused(model(t, [{ paths: ['w.bin'], weights: shape }], shard), /weightsManifest\.0\.weights\.0\.shape\.0/);

  const folder = temporaryFolder(t);
  const file = path.join(folder, 'model.json');
  const write = (text: string | Buffer) => {
    writeFileSync(file, text);
    return file;
  };
  refused(write('['.repeat(1e6)), /^tfjs model is nested too deep/);
  refused(write('{"a":1,\n"a":2}'), /^tfjs model has "a" twice/);
  refused(write(Buffer.from('{"\xff":1}', 'latin1')), /^tfjs model is not UTF-8/);
  truncateSync(write(''), 2 ** 33);
  refused(file, /^tfjs model too large: .* has 8589934592 bytes/);
  refused(folder, /^not a file/);
  const sparse = model(t, [{ paths: ['w.bin'], weights }], shard);
  truncateSync(path.join(path.dirname(sparse), 'w.bin'), 2 ** 33);
  refused(sparse, /its shards hold 8589934592/);
  const pipe = path.join(folder, 'w.bin');
  execFileSync('mkfifo', [pipe]);
  refused(write(JSON.stringify({ weightsManifest: [{ paths: ['w.bin'], weights }] })), /^not a file: .*w\.bin/);
});

test('2000 seeded mutations: one line of UsageError or a valid read, in little memory', (t) => {
  const shard = floats(1, 2, 3, 4, 5, 6);
  const file = model(t, [{ paths: ['w.bin'], weights }], { 'w.bin': shard });
  const json = Buffer.from(JSON.stringify({ modelTopology: {}, weightsManifest: [{ paths: ['w.bin'], weights }] }));
  const random = randomStream(3, 'tfjs-fuzz');
  const mutations: (() => { json: string | Buffer; shard: Buffer })[] = [
    () => ({ json: json.subarray(0, random.below(json.length)), shard }),
    () => ({ json, shard: Buffer.alloc(random.below(64)) }),
    () => ({ json: flippedBits(json, json.length, random), shard }),
    () => ({ json: hostileToken(json.toString(), random), shard }),
  ];
  let refusals = 0;
  const grown = growth(() => {
    for (let i = 0; i < 2000; i++) {
      const mutated = mutations[i % mutations.length]!();
      rewrite(file, mutated.json);
      rewrite(path.join(path.dirname(file), 'w.bin'), mutated.shard);
      try {
        const read = readTfjsWeights(file);
        const held = [...read.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
        // A model whose list of groups or weights is empty is valid and has no weights.
        assert(held === 0 || held === mutated.shard.length, `mutation ${i} read ${held} bytes`);
      } catch (error) {
        assert(error instanceof UsageError, `mutation ${i}: ${String(error)}`);
        assert(!/[\p{Cc}\p{Cs}]/u.test(error.message), error.message);
        refusals++;
      }
    }
  });
  assert(refusals > 1200, `${refusals} refused`);
  assert(grown < 2 ** 27, `${grown} bytes`);
});
