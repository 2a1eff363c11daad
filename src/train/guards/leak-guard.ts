import { WorkError } from '../../system/errors.js';

/** A step leaves the number of live tensors unchanged; the first one of a shape may add that shape's constants. */
export class LeakGuard {
  private readonly seen = new Set<string>();
  private last: number | undefined;

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
