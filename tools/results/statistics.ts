/** Two-sided 95 % quantiles of Student's t with 1, 2, … degrees of freedom; beyond them the normal distribution's will do. */
const quantiles = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sample standard deviation, of two values or more. */
export function deviation(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

/** A mean of differences and half the width of its 95 % interval; null where there is one difference only. */
export interface Difference {
  mean: number;
  halfWidth: number | null;
  pairs: number;
}

/** How far `values` lie above `others`, pair by pair of the same key (Student's t); null where there is no pair. */
export function pairedDifference(
  values: ReadonlyMap<number, number>,
  others: ReadonlyMap<number, number>,
): Difference | null {
  const differences = [...values].flatMap(([key, value]) => {
    const other = others.get(key);
    return other === undefined ? [] : [value - other];
  });
  const pairs = differences.length;
  if (pairs === 0) return null;
  const quantile = quantiles[pairs - 2] ?? 1.96;
  const halfWidth = pairs === 1 ? null : (quantile * deviation(differences)) / Math.sqrt(pairs);
  return { mean: mean(differences), halfWidth, pairs };
}
