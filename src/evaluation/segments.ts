/**
 * Temporal intersection over union of [startA, endA] and [startB, endB], any unit of time.
 * As the official evaluator computes it, so 0/0 (two empty segments) is NaN.
 */
export function temporalIou(startA: number, endA: number, startB: number, endB: number): number {
  const intersection = Math.max(0, Math.min(endA, endB) - Math.max(startA, startB));
  return intersection / (endB - startB + (endA - startA) - intersection);
}
