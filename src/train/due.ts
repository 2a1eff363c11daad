/** Decides when a checkpoint is due: at multiples of `steps`, and `minutes` after the one before. */
export class Due {
  private since: number;

  constructor(
    private readonly every: { steps: number | null; minutes: number },
    private readonly now: () => number = () => performance.now(),
  ) {
    this.since = now();
  }

  /**
   * Whether a checkpoint is due.
   *
   * @param step - Optimiser steps done.
   */
  is(step: number): boolean {
    const { steps, minutes } = this.every;
    return (steps !== null && step % steps === 0) || this.now() - this.since >= minutes * 60_000;
  }

  /** Restarts the clock, after a checkpoint was written or could not be. */
  done(): void {
    this.since = this.now();
  }
}
