/** When a checkpoint is due: so many steps or so many minutes after the one before. */
export class Due {
  private since: number;

  constructor(
    private readonly every: { steps: number | null; minutes: number },
    private readonly now: () => number = () => performance.now(),
  ) {
    this.since = now();
  }

  /** @param step - Optimiser steps done. */
  is(step: number): boolean {
    const { steps, minutes } = this.every;
    return (steps !== null && step % steps === 0) || this.now() - this.since >= minutes * 60_000;
  }

  /** One was kept, or could not be: the next is due as much later. */
  done(): void {
    this.since = this.now();
  }
}
