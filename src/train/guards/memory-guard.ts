/** Steps in which memory may still grow: caches fill, the engine finds out what it needs. */
const settling = 500;
/** Growth since then, or since the last warning, that is worth one. */
const noticed = { part: 0.2, MiB: 512 };

/** Warns when the resident memory of a training grows and grows, before the system ends it. */
export class MemoryGuard {
  private steps = 0;
  private base = 0;

  /** @param perEpoch - Steps of the first epoch, in which decoded frames are still being kept. */
  constructor(
    private readonly title: string,
    private readonly perEpoch: number,
    private readonly say: (line: string) => void,
  ) {}

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
