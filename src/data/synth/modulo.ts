/** The remainder of a / n that is never negative (for n > 0). */
export function modulo(a: number, n: number): number {
  return ((a % n) + n) % n;
}
