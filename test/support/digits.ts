/** A file of images in MNIST's format: how many, rows, columns, and a byte a pixel. */
export function idxImages(shape: readonly [count: number, rows: number, columns: number], pixels: number[]): Buffer {
  const header = Buffer.alloc(16);
  [0x803, ...shape].forEach((value, i) => header.writeUInt32BE(value, 4 * i));
  return Buffer.concat([header, Buffer.from(pixels)]);
}
