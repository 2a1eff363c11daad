import { UsageError } from '../../../system/errors.js';
import { readRegularFile } from '../../../system/files/regular-file.js';
import type { DigitImages } from './digit-images.js';

/** MNIST's largest file has 47 MB. */
const largest = 256 * 2 ** 20;
/** Bytes without sign, in three dimensions. */
const magic = 0x803;
const headerLength = 16;

/**
 * Reads images in MNIST's idx format (`train-images-idx3-ubyte`).
 *
 * @throws UsageError when the file cannot be read, or as {@link parseIdxImages} does.
 */
export function readIdxImages(file: string): DigitImages {
  return parseIdxImages(readRegularFile(file, 'images of digits', largest), file);
}

/**
 * Parses images in MNIST's idx format: the magic number 0x803, how many images, rows and columns, each of four bytes,
 * and a byte a pixel.
 *
 * @param where - Names the file in messages.
 * @throws UsageError when they are compressed, not square, none, or not as many bytes as the header says.
 */
export function parseIdxImages(bytes: Buffer, where: string): DigitImages {
  const wrong = (reason: string) => new UsageError(`not images in MNIST's idx format: ${where}: ${reason}`);
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) throw wrong('it is compressed; unpack it with gunzip');
  if (bytes.length < headerLength) throw wrong('it ends within the header');
  if (bytes.readUInt32BE(0) !== magic) throw wrong('it does not begin with 0x00000803');
  const [count, side, columns] = [4, 8, 12].map((at) => bytes.readUInt32BE(at)) as [number, number, number];
  if (count === 0 || side === 0) throw wrong('it has no images');
  if (side !== columns) throw wrong(`images of ${side}×${columns} pixels are not square`);
  const given = bytes.length - headerLength;
  if (count * side * side !== given) {
    throw wrong(`${count} images of ${side}×${side} take ${count * side * side} bytes, but there are ${given}`);
  }
  const images = Array.from({ length: count }, (_, i) => {
    const from = headerLength + i * side * side;
    return Float32Array.from(bytes.subarray(from, from + side * side), (value) => value / 255);
  });
  return { side, images };
}
