import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { parseIdxImages, readIdxImages } from '../../../../src/data/synth/digits/mnist-images.js';
import { UsageError } from '../../../../src/system/errors.js';
import { idxImages } from '../../../support/digits.js';
import { temporaryFolder } from '../../../support/temporary.js';

test("images are read in MNIST's format", (t) => {
  const file = path.join(temporaryFolder(t), 'train-images-idx3-ubyte');
  writeFileSync(file, idxImages([2, 2, 2], [0, 255, 51, 102, 255, 0, 0, 0]));
  const { side, images } = readIdxImages(file);
  assert.equal(side, 2);
  assert.deepEqual(images, [Float32Array.of(0, 1, 0.2, 0.4), Float32Array.of(1, 0, 0, 0)]);
});

test('what is not in its format is refused', () => {
  const good = idxImages([2, 2, 2], [0, 255, 51, 102, 255, 0, 0, 0]);
  const labels = Buffer.from(good);
  labels.writeUInt32BE(0x801);
  const cases: [bytes: Buffer, reason: RegExp][] = [
    [gzipSync(good), /compressed; unpack it with gunzip/],
    [good.subarray(0, 15), /ends within the header/],
    [labels, /does not begin with 0x00000803/],
    [good.subarray(0, -1), /2 images of 2×2 take 8 bytes, but there are 7/],
    [idxImages([1, 1, 2], [0, 0]), /1×2 pixels are not square/],
    [idxImages([0, 2, 2], []), /no images/],
    [idxImages([2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1], [0]), /but there are 1$/],
  ];
  for (const [bytes, reason] of cases) {
    assert.throws(
      () => parseIdxImages(bytes, 'digits'),
      (error) => error instanceof UsageError && reason.test(error.message),
    );
  }
  assert.throws(() => readIdxImages('/nowhere/digits'), UsageError);
});
