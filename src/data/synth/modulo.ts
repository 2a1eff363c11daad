/** The remainder that is never negative. */
export function modulo(a: number, n: number): number {
  return ((a % n) + n) % n;
}
