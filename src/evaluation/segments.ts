/**
 * Temporal intersection over union of [startA, endA] and [startB, endB], in any unit of time. As in the official
 * evaluator, two empty segments give 0/0 = NaN.
 */
export function temporalIou(startA: number, endA: number, startB: number, endB: number): number {
  const intersection = Math.max(0, Math.min(endA, endB) - Math.max(startA, startB));
  return intersection / (endB - startB + (endA - startA) - intersection);
}
