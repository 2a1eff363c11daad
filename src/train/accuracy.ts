/**
 * The fraction of rows whose label is among their k largest scores. A tie counts against the label, so that a model
 * that gives all classes the same score reaches 0.
 *
 * @param scores - `[N][K]`.
 * @param labels - Class numbers, N.
 */
export function topAccuracy(scores: readonly ArrayLike<number>[], labels: readonly number[], k: number): number {
  const right = scores.filter((row, i) => {
    const own = row[labels[i]!]!;
    // Negated, so that a NaN score counts as ahead of the label.
    const ahead = Array.from(row, (score) => !(score < own)).filter(Boolean).length - 1;
    return ahead < k;
  });
  return right.length / scores.length;
}
