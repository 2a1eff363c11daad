import type { Random } from '../../engine/random.js';
import type { ColorTransform } from './color.js';

/** The principal components of colours (red, green, blue), of values in 0..1. */
export interface PrincipalColors {
  /** `[3][3]`: the components as rows, orthonormal; their signs are arbitrary. */
  components: readonly (readonly number[])[];
  /** `[3]`: the variance along each, descending. */
  variances: readonly number[];
}

/** How strong the noise of {@link drawOffset} is (`pretrain.pcaColor`). */
export interface ColorNoise {
  /** Standard deviation of the draws. */
  sd: number;
  /** What a draw is multiplied by: the standard deviation along a component, or its eigenvalue, the variance. */
  scale: 'stdev' | 'eigenvalue';
}

/** Sums over pixels, from which {@link ColorSums.covariance} follows. */
export class ColorSums {
  private readonly sum = new Float64Array(3);
  private readonly products = new Float64Array(9);
  private pixels = 0;

  /** Adds the pixels of RGB bytes `[n, 3]`. */
  add(bytes: Uint8Array): void {
    let [r1, g1, b1, rr, rg, rb, gg, gb, bb] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
    for (let i = 0; i < bytes.length; i += 3) {
      const [r, g, b] = [bytes[i]!, bytes[i + 1]!, bytes[i + 2]!];
      r1 += r;
      g1 += g;
      b1 += b;
      rr += r * r;
      rg += r * g;
      rb += r * b;
      gg += g * g;
      gb += g * b;
      bb += b * b;
    }
    [r1, g1, b1].forEach((value, i) => (this.sum[i]! += value));
    [rr, rg, rb, rg, gg, gb, rb, gb, bb].forEach((value, i) => (this.products[i]! += value));
    this.pixels += bytes.length / 3;
  }

  /** The covariance `[3][3]` of red, green and blue as values in 0..1; NaN where there are no pixels. */
  covariance(): number[][] {
    const mean = Array.from(this.sum, (value) => value / this.pixels);
    return mean.map((a, i) => mean.map((b, j) => (this.products[3 * i + j]! / this.pixels - a * b) / 255 ** 2));
  }
}

/** The principal components of colours with a covariance `[3][3]`. */
export function principalColors(covariance: readonly (readonly number[])[]): PrincipalColors {
  const { values, vectors } = symmetricEigen(covariance);
  // Rounding must not make the variance of grey frames negative.
  return { components: vectors, variances: values.map((value) => Math.max(0, value)) };
}

/**
 * Eigenvalues of a symmetric matrix, descending, and its eigenvectors as rows, by Jacobi's rotations: each makes the
 * element 0 that it is made for, until all elements off the diagonal are next to nothing beside the matrix.
 *
 * @param matrix - `[n][n]`, finite.
 */
export function symmetricEigen(matrix: readonly (readonly number[])[]): { values: number[]; vectors: number[][] } {
  const n = matrix.length;
  const a = matrix.map((row) => [...row]);
  const v = a.map((_, i) => a.map((_, j) => (i === j ? 1 : 0)));
  const norm = Math.hypot(...a.flat());
  const off = () => Math.hypot(...a.flatMap((row, i) => row.filter((_, j) => j !== i)));
  while (off() > 1e-15 * norm) {
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, v, p, q);
  }
  const order = a.map((_, i) => i).sort((i, j) => a[j]![j]! - a[i]![i]!);
  return { values: order.map((i) => a[i]![i]!), vectors: order.map((i) => v[i]!) };
}

/** One rotation in the plane of axes p and q, after which `a[p][q]` is 0. The rows of `v` turn with it. */
function rotate(a: number[][], v: number[][], p: number, q: number): void {
  const [ap, aq] = [a[p]!, a[q]!];
  if (ap[q] === 0) return;
  const theta = (aq[q]! - ap[p]!) / (2 * ap[q]!);
  // The smaller of the two angles that there are.
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(1, theta));
  const c = 1 / Math.hypot(1, t);
  const s = t * c;
  for (const row of a) [row[p], row[q]] = [c * row[p]! - s * row[q]!, s * row[p]! + c * row[q]!];
  turnRows(a, p, q, c, s);
  turnRows(v, p, q, c, s);
  [ap[q], aq[p]] = [0, 0];
}

function turnRows(rows: number[][], p: number, q: number, c: number, s: number): void {
  const [one, other] = [rows[p]!, rows[q]!];
  one.forEach((value, k) => ([one[k], other[k]] = [c * value - s * other[k]!, s * value + c * other[k]!]));
}

/**
 * Draws what AlexNet adds to the colour of all pixels (Krizhevsky et al. 2012, §4.1; docs/method.md §15.2):
 * Σ αᵢ·sᵢ·pᵢ with α ~ N(0, sd²), where s is √λ or λ.
 *
 * @returns `[3]`: red, green and blue, for values in 0..1.
 */
export function drawOffset(
  { components, variances }: PrincipalColors,
  { sd, scale }: ColorNoise,
  random: Random,
): number[] {
  const along = variances.map(
    (variance) => sd * random.normal() * (scale === 'stdev' ? Math.sqrt(variance) : variance),
  );
  return [0, 1, 2].map((channel) => along.reduce((sum, length, i) => sum + length * components[i]![channel]!, 0));
}

/**
 * A change of colours, and an offset after it.
 *
 * @param color - Absent: only the offset.
 * @param offset - `[3]`, for values in 0..1.
 */
export function withOffset(color: ColorTransform | undefined, offset: readonly number[]): ColorTransform {
  const before = color ?? [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0];
  return before.map((value, i) => (i % 4 === 3 ? value + 255 * offset[(i - 3) / 4]! : value));
}
