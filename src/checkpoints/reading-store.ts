import { RunStore } from './run-store.js';

/** The checkpoints of a run folder for a process that only reads them, because another one writes. */
export class ReadingStore extends RunStore {
  override save(stage: string): never {
    throw new Error(`a checkpoint of ${stage} by a process that does not write`);
  }

  /** Leaves it to the process that writes. */
  override prune(): void {
    return;
  }

  /** Leaves it to the process that writes. */
  override discardAfter(): void {
    return;
  }
}
