/**
 * Two-sided 95 % quantiles of Student's t with 1, 2, … degrees of freedom. For more, that of the normal
 * distribution is close enough.
 */
const quantiles = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sample standard deviation of at least two values. */
export function deviation(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

/** A mean of differences and half the width of its 95 % interval, which is null where there is only one difference. */
export interface Difference {
  mean: number;
  halfWidth: number | null;
  pairs: number;
}

/**
 * Mean difference between `values` and `others` over pairs with the same key (Student's t);
 * null where there are no pairs.
 */
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
