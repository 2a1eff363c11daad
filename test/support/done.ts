import type { Origin } from '../../src/checkpoints/run-store.js';
import type { Run } from '../../src/stages/run/run.js';
import type { Stage } from '../../src/stages/stage.js';

/** Does a stage of a run, and gives the checkpoint that it has left. */
export async function done(stage: Stage, run: Run): Promise<Origin> {
  await stage.run(run);
  return run.store.finished(stage.name)!;
}
