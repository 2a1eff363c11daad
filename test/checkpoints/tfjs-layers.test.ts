import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { readTfjsWeights } from '../../src/checkpoints/tfjs-layers.js';
import { UsageError } from '../../src/system/errors.js';
import { temporaryFolder } from '../system/temporary.js';

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
  refused(short, short, 'its weights take 24 bytes, its shards hold 12');
  refused(model(t, [{ paths: ['gone.bin'], weights }], {}), 'weights not readable: ', 'gone.bin');
  const small = [{ name: 'w', shape: [2], dtype: 'float16' }];
  refused(model(t, [{ paths: ['w.bin'], weights: small }], { 'w.bin': floats(1) }), 'not a tfjs model with float32');
  refused(model(t, 'none', {}), 'not a tfjs model');
  const text = path.join(temporaryFolder(t), 'model.json');
  writeFileSync(text, 'no JSON');
  refused(text, 'tfjs model is not JSON');
  refused(path.join(path.dirname(text), 'no.json'), 'tfjs model not readable', 'no.json');
});
