/** Steps at the start in which memory may grow: caches fill, and the engine's buffers reach their size. */
const settling = 500;
/** Growth after those steps, or since the last warning, that causes a warning: this fraction plus this many MiB. */
const noticed = { part: 0.2, MiB: 512 };

/** Warns when the resident memory of a training keeps growing, before the system kills the process. */
export class MemoryGuard {
  private steps = 0;
  private base = 0;

  /** @param perEpoch - Steps of the first epoch, in which the cache of decoded frames still fills. */
  constructor(
    private readonly title: string,
    private readonly perEpoch: number,
    private readonly say: (line: string) => void,
  ) {}

  /** Call this after each step with the resident memory in MiB. */
  check(rssMiB: number): void {
    if (this.steps++ < Math.max(settling, this.perEpoch)) {
      this.base = Math.max(this.base, rssMiB);
    } else if (rssMiB > this.base * (1 + noticed.part) + noticed.MiB) {
      this.say(
        `WARNING: ${this.title}: resident memory has grown from ${this.base} to ${rssMiB} MiB. If it goes on, lower ` +
          'data.memoryGiB or data.prefetch; stopping and starting again loses nothing.',
      );
      this.base = rssMiB;
    }
  }
}
