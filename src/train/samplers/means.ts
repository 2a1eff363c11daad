/** Share of the past in running means. */
const past = 0.9;

/** The mean of at least one number. */
export function meanOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

/** A running mean after one more number; `before` is null before the first. */
export function running(before: number | null, now: number): number {
  return before === null ? now : past * before + (1 - past) * now;
}
