import { WorkError } from '../../system/errors.js';

/**
 * Detects steps that leak tensors: a step must leave the number of live tensors unchanged. Only the first step of a
 * shape may add tensors, the constants of that shape.
 */
export class LeakGuard {
  private readonly seen = new Set<string>();
  private last: number | undefined;

  /**
   * Call this after each step.
   *
   * @param tensors - The number of live tensors.
   * @throws WorkError when the step left tensors behind.
   */
  check(shape: string, tensors: number): void {
    const known = this.seen.has(shape);
    this.seen.add(shape);
    if (known && this.last !== undefined && tensors > this.last) {
      throw new WorkError(
        `a step left ${tensors - this.last} tensors behind (${tensors} are alive): a defect, please report it`,
      );
    }
    this.last = tensors;
  }
}
