import assert from 'node:assert/strict';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { encodeSafetensors, readSafetensors } from '../../../src/checkpoints/formats/safetensors.js';
import { hashTensors, type TensorData } from '../../../src/checkpoints/formats/tensor.js';
import { randomStream } from '../../../src/engine/random.js';
import { UsageError } from '../../../src/system/errors.js';

import { flippedBits, growth, hostileToken, rewrite } from '../../support/mutations.js';
import { temporaryFolder } from '../../support/temporary.js';

const every = new Map<string, TensorData>([
  ['conv1.weight', { dtype: 'F32', shape: [2, 3], data: Float32Array.of(1, -0, NaN, Infinity, 1e-45, 3.5) }],
  ['mask', { dtype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 1) }],
  ['image', { dtype: 'U8', shape: [1, 5], data: Uint8Array.of(0, 1, 2, 254, 255) }],
  ['double "quoted" ünï\n', { dtype: 'F64', shape: [1], data: Float64Array.of(Math.PI) }],
  ['counter', { dtype: 'I64', shape: [], data: BigInt64Array.of(-(2n ** 62n)) }],
  ['index', { dtype: 'I32', shape: [2, 1, 1], data: Int32Array.of(-1, 2 ** 31 - 1) }],
  ['empty', { dtype: 'F32', shape: [0, 7], data: new Float32Array(0) }],
]);

/** Writes a file with a header and `dataBytes` bytes of data. */
function fileOf(t: TestContext, header: object | string | Buffer, dataBytes = 0): string {
  const json = Buffer.isBuffer(header)
    ? header
    : Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const file = path.join(temporaryFolder(t), 'model.safetensors');
  writeFileSync(file, Buffer.concat([length, json, Buffer.alloc(dataBytes)]));
  return file;
}

function refused(file: string, reason: RegExp): void {
  assert.throws(
    () => readSafetensors(file),
    (error: unknown) => {
      assert(error instanceof UsageError);
      assert(error.message.includes(file), error.message);
      assert.match(error.message, reason);
      assert(!error.message.includes('\n'));
      return true;
    },
  );
}

const f32 = (begin: number, end: number, shape = [(end - begin) / 4]) => ({
  dtype: 'F32',
  shape,
  data_offsets: [begin, end],
});

describe('safetensors', () => {
  it('reads what it wrote, to the bit, and writes the same bytes again', (t) => {
    const file = path.join(temporaryFolder(t), 'all.safetensors');
    const bytes = Buffer.concat(encodeSafetensors(every, { b: 'two', a: 'ünï' }));
    writeFileSync(file, bytes);
    const { tensors, metadata } = readSafetensors(file);
    assert.deepEqual(new Map([...tensors].sort()), new Map([...every].sort()));
    assert.deepEqual(metadata, { a: 'ünï', b: 'two' });
    assert.equal(Object.is((tensors.get('conv1.weight')!.data as Float32Array)[1], -0), true);
    const shuffled = new Map([...tensors].reverse());
    assert.deepEqual(Buffer.concat(encodeSafetensors(shuffled, { a: 'ünï', b: 'two' })), bytes);
  });

  it('starts the data at a multiple of 8 and aligns every tensor', () => {
    const [header, ...data] = encodeSafetensors(every) as [Uint8Array, ...Uint8Array[]];
    assert.equal(header.length % 8, 0);
    const widths = data.map((_, i) => [8, 8, 4, 4, 4, 1, 1][i]!);
    let at = header.length;
    for (const [i, part] of data.entries()) {
      assert.equal(at % widths[i]!, 0);
      at += part.length;
    }
  });

  it('reads a file made by another writer: spaces, any order, metadata last', (t) => {
    const header =
      '{ "b" : {"shape":[1],"dtype":"F32","data_offsets":[4, 8]},\n' +
      '"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}, "__metadata__":{"format":"pt"} }   ';
    const { tensors, metadata } = readSafetensors(fileOf(t, header, 8));
    assert.deepEqual([...tensors.keys()], ['a', 'b']);
    assert.deepEqual(metadata, { format: 'pt' });
  });

  it('widens half floats', (t) => {
    const f16 = [0x0000, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x0001, 0x03ff, 0x0400, 0x7c00, 0xfc00, 0x7e00, 0x3555];
    const bf16 = [0x3f80, 0xc000, 0x7f80, 0x0001];
    const header = {
      half: { dtype: 'F16', shape: [12], data_offsets: [0, 24] },
      brain: { dtype: 'BF16', shape: [2, 2], data_offsets: [24, 32] },
    };
    const file = fileOf(t, header, 32);
    const bytes = readFileSync(file);
    Buffer.from(Uint16Array.from([...f16, ...bf16]).buffer).copy(bytes, bytes.length - 32);
    writeFileSync(file, bytes);
    const { tensors } = readSafetensors(file);
    const smallest = 2 ** -24;
    assert.deepEqual(tensors.get('half'), {
      dtype: 'F32',
      shape: [12],
      data: Float32Array.of(
        0,
        -0,
        1,
        -2,
        65504,
        smallest,
        1023 * smallest,
        2 ** -14,
        Infinity,
        -Infinity,
        NaN,
        0.333251953125,
      ),
    });
    assert.deepEqual(tensors.get('brain'), {
      dtype: 'F32',
      shape: [2, 2],
      data: Float32Array.of(1, -2, Infinity, 2 ** -133),
    });
  });

  it('refuses a header that is no header', (t) => {
    const folder = temporaryFolder(t);
    refused(folder, /not a file/);
    const missing = path.join(folder, 'missing.safetensors');
    assert.throws(() => readSafetensors(missing), { name: 'UsageError', message: /ENOENT/ });
    const short = path.join(folder, 'short.safetensors');
    writeFileSync(short, 'abc');
    refused(short, /3 bytes long/);
    refused(fileOf(t, 'not json'), /is not JSON/);
    refused(fileOf(t, '{"a'), /is not JSON/);
    refused(fileOf(t, '[]'), /not a JSON object/);
    refused(fileOf(t, '\uFEFF{}'), /is not JSON/);
    refused(fileOf(t, Buffer.from('{"\xff":1}', 'latin1')), /is not UTF-8/);
    refused(fileOf(t, '['.repeat(1e6)), /nested too deep/);
    refused(fileOf(t, '{"a":{"a":{"a":{}}}}'), /nested too deep/);
  });

  it('refuses a header larger than the file, or than any real one, before taking memory', (t) => {
    const file = fileOf(t, {}, 0);
    const bytes = readFileSync(file);
    bytes.writeBigUInt64LE(2n ** 63n);
    writeFileSync(file, bytes);
    refused(file, /the header claims 9223372036854776000 bytes/);
    const sparse = path.join(temporaryFolder(t), 'sparse.safetensors');
    bytes.writeBigUInt64LE(2n ** 33n);
    writeFileSync(sparse, bytes);
    truncateSync(sparse, 2 ** 33 + 8);
    refused(sparse, /its header has 8589934592 bytes/);
  });

  it('says of pickled weights how to make safetensors of them', (t) => {
    const file = path.join(temporaryFolder(t), 'model.pth');
    // The first bytes of torch.save today, torch.save before 1.6, and pickle's protocol 4.
    for (const start of ['504b0304000008080000', '80028a0a6cfc9c46f920', '8004951234000000000000007d94']) {
      writeFileSync(file, Buffer.concat([Buffer.from(start, 'hex'), Buffer.alloc(2 ** 10)]));
      assert.throws(() => readSafetensors(file), {
        name: 'UsageError',
        message: /^pickled PyTorch .*model\.pth\. .*torch\.load\(.*save_file\(.*$/,
      });
    }
  });

  it('refuses tensors that are not where they say', (t) => {
    refused(fileOf(t, { a: f32(0, 8), b: f32(4, 12) }, 12), /"b" overlaps/);
    refused(fileOf(t, { a: f32(0, 4), b: f32(8, 12) }, 12), /"b" follows a hole/);
    refused(fileOf(t, { a: f32(4, 8) }, 8), /"a" follows a hole/);
    refused(fileOf(t, { a: f32(0, 8) }, 12), /end at byte/);
    refused(fileOf(t, { a: f32(0, 4e15) }, 4), /end at byte/);
    refused(fileOf(t, { a: f32(-4, 0) }, 4), /data_offsets/);
    refused(fileOf(t, { a: f32(8, 4, [1]) }, 8), /data_offsets give -4/);
    refused(fileOf(t, { a: { ...f32(0, 4), data_offsets: [0] } }, 4), /data_offsets/);
    for (const end of ['1e400', 'null', '"4"', '4.5', '9007199254740993'])
      refused(fileOf(t, `{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,${end}]}}`, 4), /data_offsets/);
    refused(fileOf(t, '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,NaN]}}', 4), /is not JSON/);
  });

  it('refuses dtypes and shapes that it cannot hold', (t) => {
    refused(fileOf(t, { a: { ...f32(0, 4), dtype: 'F8_E4M3' } }, 4), /dtype F8_E4M3 is not one of F64 /);
    refused(fileOf(t, { a: { ...f32(0, 4), dtype: 'toString' } }, 4), /dtype toString/);
    refused(fileOf(t, { a: { ...f32(0, 4), dtype: { toString: 1 } } }, 4), /dtype object/);
    refused(fileOf(t, { a: f32(0, 4, [2]) }, 4), /F32 \[2\] takes 8 bytes, but data_offsets give 4/);
    refused(fileOf(t, { a: f32(0, 4, [1.5]) }, 4), /shape/);
    refused(fileOf(t, { a: f32(0, 4, [-1, -1]) }, 4), /shape/);
    refused(fileOf(t, { a: f32(0, 4, [2 ** 52, 2 ** 52]) }, 4), /takes 8[.]1.*e[+]31 bytes/);
    refused(fileOf(t, { a: f32(0, 0, [2 ** 52, ...Array<number>(20).fill(2 ** 52), 0]) }), /takes NaN bytes/);
    refused(fileOf(t, { a: { dtype: 'F32', shape: 'x', data_offsets: [0, 4] } }, 4), /shape/);
    refused(fileOf(t, { a: null }, 4), /not an object/);
  });

  it('refuses names that stand twice or are reserved', (t) => {
    const entry = JSON.stringify(f32(0, 4));
    refused(fileOf(t, `{"a":${entry},"a":${entry}}`, 4), /"a" twice/);
    refused(fileOf(t, `{"a":${entry},"\\u0061" :${entry}}`, 4), /"a" twice/);
    refused(fileOf(t, '{"a":{"dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4]}}', 4), /"dtype" twice/);
    for (const name of ['__proto__', 'constructor', 'prototype'])
      refused(fileOf(t, `{"${name}":${entry}}`, 4), /reserved/);
    refused(fileOf(t, '{"__metadata__":{"__proto__":"x"}}'), /reserved/);
    refused(fileOf(t, { __metadata__: { a: 1 } }), /not a string/);
    assert.equal(Object.getPrototypeOf({}), Object.prototype);
    for (const name of ['__proto__', '__metadata__'])
      assert.throws(() => encodeSafetensors(new Map([[name, every.get('mask')!]])), /cannot be named/);
  });

  it('keeps an error one line whatever the names hold', (t) => {
    refused(fileOf(t, { [`a\n\u001b[31m${'x'.repeat(1000)}`]: null }), /^.{0,400}$/);
  });

  it('refuses to encode data that does not fit', () => {
    const wrong: TensorData[] = [
      { dtype: 'F32', shape: [2], data: new Float32Array(3) },
      { dtype: 'F32', shape: [2], data: new Int32Array(2) },
    ];
    for (const tensor of wrong)
      assert.throws(() => encodeSafetensors(new Map([['a', tensor]])), /tensor a: .* is not F32/);
  });

  it('survives 2000 seeded mutations with a UsageError or a valid read, in little memory', (t) => {
    const file = path.join(temporaryFolder(t), 'fuzz.safetensors');
    const original = Buffer.concat(encodeSafetensors(every, { note: 'fuzz' }));
    const headerEnd = 8 + Number(original.readBigUInt64LE());
    const random = randomStream(3, 'safetensors-fuzz');
    const mutations = [
      () => original.subarray(0, random.below(original.length)),
      () => {
        const bytes = Buffer.from(original);
        bytes.writeBigUInt64LE(BigInt(random.below(2 ** 32)) << BigInt(random.below(32)));
        return bytes;
      },
      () => Buffer.concat([original, Buffer.alloc(1 + random.below(64), random.below(256))]),
      () => flippedBits(original, headerEnd, random),
      () => {
        const json = Buffer.from(hostileToken(original.toString('utf8', 8, headerEnd), random));
        const length = Buffer.alloc(8);
        length.writeBigUInt64LE(BigInt(json.length));
        return Buffer.concat([length, json, original.subarray(headerEnd)]);
      },
    ];
    let refusals = 0;
    const grown = growth(() => {
      for (let i = 0; i < 2000; i++) {
        const kind = i % mutations.length;
        rewrite(file, mutations[kind]!());
        try {
          // A change within a name or the metadata leaves a valid file, whose content must then differ.
          const { tensors, metadata } = readSafetensors(file);
          assert(kind >= 3, `mutation ${i} went unnoticed`);
          assert(hashTensors(tensors) !== hashTensors(every) || metadata.note !== 'fuzz');
        } catch (error) {
          assert(error instanceof UsageError, `mutation ${i}: ${String(error)}`);
          assert(!/[\p{Cc}\p{Cs}]/u.test(error.message), error.message);
          refusals++;
        }
      }
    });
    assert(refusals > 1600, `${refusals} refused`);
    assert(grown < 2 ** 27, `${grown} bytes`);
  });
});

describe('hashTensors', () => {
  it('depends on names, dtypes, shapes and bytes, not on order', () => {
    const hash = hashTensors(every);
    assert.equal(hashTensors([...every].reverse()), hash);
    const changed = (name: string, tensor: TensorData) => hashTensors(new Map([...every, [name, tensor]]));
    const index = every.get('index')!;
    assert.notEqual(changed('index', { ...index, shape: [2] }), hash);
    assert.notEqual(changed('index', { ...index, data: Int32Array.of(-1, 0) }), hash);
    assert.notEqual(changed('mask', { ...every.get('mask')!, dtype: 'U8' }), hash);
    assert.notEqual(changed('other', index), hash);
  });
});
