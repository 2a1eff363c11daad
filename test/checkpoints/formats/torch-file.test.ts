import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { isTorchFile, readTorchFile } from '../../../src/checkpoints/formats/torch-file.js';
import { randomStream } from '../../../src/engine/random.js';
import { UsageError } from '../../../src/system/errors.js';
import { growth } from '../../support/mutations.js';
import { temporaryFolder } from '../../support/temporary.js';
import { zip } from '../../support/zip.js';

/** Written by PyTorch: test/fixtures/torch/make.py. */
const fixture = (name: string) => path.resolve(import.meta.dirname, '../../fixtures/torch', name);
const count = Array.from({ length: 24 }, (_, i) => i);

for (const [name, form] of [
  ['checkpoint.pth', 'a zip, the state_dict within a checkpoint'],
  ['bare.pth', 'a pickle, as before PyTorch 1.6'],
] as const) {
  test(`${form}: every tensor, however it lies in its storage`, () => {
    assert.ok(isTorchFile(readFileSync(fixture(name))));
    const { entries, read } = readTorchFile(fixture(name));
    const plain = entries.map(({ name: key, dtype, shape }) => {
      const tensor = read(key);
      assert.deepEqual([tensor.dtype, tensor.shape], [dtype, shape]);
      return [key, dtype, shape, Array.from(tensor.data, Number)];
    });
    assert.deepEqual(plain, [
      ['float', 'F32', [2, 3, 4], count.map((i) => i / 8)],
      // Element [i, j, k] is element [j, k, i] of the tensor above.
      ['strided', 'F32', [4, 2, 3], count.map((i) => ((i % 6) * 4 + Math.floor(i / 6)) / 8)],
      ['part', 'F32', [4], [5, 6, 7, 8]],
      ['half', 'F32', [3], [1.5, -0, Infinity]],
      ['bfloat16', 'F32', [2], [1.5, -2]],
      ['double', 'F64', [], [0.1]],
      ['counter', 'I64', [], [2 ** 40]],
      ['parameter', 'F32', [1], [7]],
      ['empty', 'F32', [0, 3], []],
    ]);
  });
}

test('code in a pickle is not run', (t) => {
  const folder = temporaryFolder(t);
  const proof = path.join(folder, 'run');
  // A pickle that calls os.system("touch …") instead of a state_dict, by hand: GLOBAL, BINUNICODE, TUPLE1, REDUCE.
  const text = Buffer.from(`touch ${proof}`);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  const call = Buffer.concat([Buffer.from('cos\nsystem\nX'), length, text, Buffer.from([0x85]), Buffer.from('R')]);
  const pickle = Buffer.concat([Buffer.from([0x80, 2]), call, Buffer.from('.')]);
  const begin = readFileSync(fixture('bare.pth')).subarray(0, 15);
  const small = Buffer.from([0x80, 2, 0x4b, 1, 0x2e]);
  const file = path.join(folder, 'hostile.pth');
  writeFileSync(file, Buffer.concat([begin, small, small, pickle, Buffer.from([0x80, 2, 0x5d, 0x2e])]));
  assert.throws(() => readTorchFile(file), { name: 'UsageError', message: /hostile\.pth: no state_dict in it$/ });
  assert.ok(!existsSync(proof));
});

test('a tensor larger than its storage is refused before there is memory for it', (t) => {
  const file = path.join(temporaryFolder(t), 'huge.pth');
  const bytes = readFileSync(fixture('bare.pth'));
  // The shape of "part", BININT1 4 in a tuple of one, becomes 255, but its storage has 24 elements.
  const at = bytes.indexOf(Buffer.from([0x4b, 4, 0x85]));
  assert.ok(at > 0);
  bytes[at + 1] = 255;
  writeFileSync(file, bytes);
  assert.throws(() => readTorchFile(file).read('part'), /huge\.pth: tensor part reaches beyond its storage$/);
});

for (const name of ['checkpoint.pth', 'bare.pth']) {
  test(`${name}: four hundred damages, each read or refused in one line`, (t) => {
    const file = path.join(temporaryFolder(t), name);
    const whole = readFileSync(fixture(name));
    const random = randomStream(5, name);
    for (let i = 0; i < 400; i++) {
      const bytes = Buffer.from(whole.subarray(0, i % 2 ? whole.length : random.below(whole.length)));
      for (let flips = i % 4; flips > 0 && bytes.length > 0; flips--)
        bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
      writeFileSync(file, bytes);
      try {
        const { entries, read } = readTorchFile(file);
        for (const { name: key } of entries) read(key);
      } catch (error) {
        assert.ok(error instanceof UsageError, String(error));
        assert.ok(!error.message.includes('\n') && error.message.length < 400, error.message);
      }
    }
  });
}

/** Writes a file as torch.save does since PyTorch 1.6, with this pickle. */
function pickled(t: TestContext, pickle: Buffer, deflate = false): string {
  const file = path.join(temporaryFolder(t), 'hostile.pth');
  writeFileSync(file, zip([{ name: 'a/data.pkl', content: pickle, deflate }]));
  return file;
}

const protocol = Buffer.from([0x80, 2]);
const text = (value: string) => Buffer.concat([Buffer.from([0x8c, value.length]), Buffer.from(value)]);
const list = Buffer.from(']');
const global = Buffer.from([0x93, 0x2e]);

test('a pickle that does too much, or makes a name of lists, is refused before it takes memory or time', (t) => {
  const refused = (pickle: Buffer, message: RegExp, deflate?: boolean) => {
    const file = pickled(t, Buffer.concat([protocol, pickle]), deflate);
    const grown = growth(() => {
      assert.throws(() => readTorchFile(file), { name: 'UsageError', message });
    });
    assert.ok(grown < 2 ** 28, `${grown} bytes`);
  };
  refused(Buffer.alloc(2 ** 21, ']'), /hostile\.pth: more than 1000000 operations \(at byte 1000001\)$/);
  refused(Buffer.alloc(2 ** 21, 'N'), /more than 1000000 operations/);
  refused(Buffer.alloc(2 ** 25, 'N'), /its data\.pkl has 33554434 bytes \(at most 33554432 are allowed\)$/);
  // Lists in lists, and text that doubles forty times: either would be endless work to write out as a name.
  const nested = Buffer.concat([Buffer.alloc(200_000, ']'), Buffer.alloc(199_999, 'a')]);
  refused(Buffer.concat([nested, text('x'), global]), /a name that is not text/);
  const doubled = Array.from({ length: 40 }, (_, i) => Buffer.from([0x68, i, 0x68, i, 0x86, 0x71, i + 1]));
  const double = Buffer.concat([text('aaaaaaaaaa'), Buffer.from([0x71, 0]), ...doubled, text('x'), global]);
  refused(double, /a name that is not text/);
  refused(Buffer.concat([Buffer.from([0x8a, 255]), Buffer.alloc(255, 1)]), /an integer of 255 bytes/);
  refused(list, /data\.pkl is compressed, which torch\.save does not do$/, true);
});

test('tensors are read when they are asked for, so that one that is damaged does not keep others from being read', (t) => {
  const file = path.join(temporaryFolder(t), 'two.pth');
  const bytes = readFileSync(fixture('bare.pth'));
  bytes[bytes.indexOf(Buffer.from([0x4b, 4, 0x85])) + 1] = 255;
  writeFileSync(file, bytes);
  const { entries, read } = readTorchFile(file);
  assert.deepEqual(entries.find(({ name }) => name === 'part')?.shape, [255]);
  assert.deepEqual(read('float').shape, [2, 3, 4]);
});
