/**
 * The size to which a number of rows that follows from the data is padded: 1 or 1.5 times a power of two, at least 32.
 * So few sizes occur, and steps whose rows fit into one size are alike.
 */
export function paddedCount(rows: number): number {
  let size = 32;
  while (size < rows) size = size % 3 === 0 ? (size / 3) * 4 : (size / 2) * 3;
  return size;
}
