/**
 * The part of the rows whose label is among their k largest scores. A tie counts as lost, so that a model that says the
 * same of all classes knows nothing.
 *
 * @param scores - `[N][K]`.
 * @param labels - Class numbers, N.
 */
export function topAccuracy(scores: readonly ArrayLike<number>[], labels: readonly number[], k: number): number {
  const right = scores.filter((row, i) => {
    const own = row[labels[i]!]!;
    // A NaN is not less.
    const ahead = Array.from(row, (score) => !(score < own)).filter(Boolean).length - 1;
    return ahead < k;
  });
  return right.length / scores.length;
}
