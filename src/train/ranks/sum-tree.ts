/**
 * Adds up values as a balanced tree over their places 0, 1, 2, …, in which absent ones are left out: (v0 + v1) + (v2 +
 * v3). Floats that are added in this order have the same sum when each half is added by another process. At most one
 * value for each level of the tree is held at a time.
 */
export class SumTree<T> {
  private readonly pending: { place: number; value: T }[] = [];

  /** @param add - Adds two neighbours, the lower one first, and may consume both. */
  constructor(private readonly add: (a: T, b: T) => T) {}

  /** Adds a value; places ascend. */
  push(place: number, value: T): void {
    // What lies in a subtree that the new place is not in is complete.
    for (let i = this.pending.length; i > 1; i = this.pending.length) {
      const [a, b] = [this.pending[i - 2]!, this.pending[i - 1]!];
      if (levelOver(a.place, b.place) >= levelOver(b.place, place)) break;
      this.merge();
    }
    this.pending.push({ place, value });
  }

  /** The sum of all values, which are no longer held here; undefined where there is none. */
  take(): T | undefined {
    while (this.pending.length > 1) this.merge();
    return this.pending.pop()?.value;
  }

  private merge(): void {
    const b = this.pending.pop()!;
    const a = this.pending.pop()!;
    this.pending.push({ place: b.place, value: this.add(a.value, b.value) });
  }
}

/** The height of the smallest subtree that has both places. */
function levelOver(a: number, b: number): number {
  return 32 - Math.clz32(a ^ b);
}
