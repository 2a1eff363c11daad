import type { Matrix } from './matrix.js';

/**
 * Resamples rows over time to another number of rows by linear interpolation. Each row stands for the centre of one of
 * T equal cells; beyond the outermost centres values are constant (docs/method.md §7.7:
 * `F.interpolate(…, align_corners=False)`).
 *
 * @param rows - Number of rows of the result. If it equals the present number, the matrix itself is returned.
 */
export function rescaled(matrix: Matrix, rows: number): Matrix {
  const { data, shape } = matrix;
  const [given, columns] = shape;
  if (rows === given) return matrix;
  const scaled = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const at = Math.min(Math.max(((row + 0.5) * given) / rows - 0.5, 0), given - 1);
    const before = Math.floor(at);
    const after = Math.min(before + 1, given - 1);
    const share = at - before;
    for (let column = 0; column < columns; column++)
      scaled[row * columns + column] =
        (1 - share) * data[before * columns + column]! + share * data[after * columns + column]!;
  }
  return { data: scaled, shape: [rows, columns] };
}
