import type { MadeOf, Origin } from '../../checkpoints/run-store.js';
import { UsageError } from '../../system/errors.js';
import { Owned } from '../../system/owned.js';
import { say } from '../../system/say.js';
import { noTeam } from '../../train/ranks/team.js';
import type { Batch } from '../../train/loop.js';
import type { Run } from '../run/run.js';
import type { Stage } from '../stage.js';
import { usableCheckpoint } from './resume.js';
import { trainStage } from './train-stage.js';
import type { TrainingPlan } from './training-plan.js';

/** The start of a training stage: the finished stages and features that it is trained from, identified by content. */
export interface Start {
  readonly origins: readonly Origin[];
}

/** The parts of a training stage that differ between stages; the training itself is the same for all. */
export interface TrainingStageDefinition<B extends Batch, S extends Start> extends Omit<Stage, 'run'> {
  /** Finds the start of the stage. Throws {@link UsageError} when a stage that it needs is not finished. */
  start(run: Run): S;
  /**
   * The number of micro-batches of a full batch, which several processes divide among themselves. Absent, or null:
   * nothing is to be divided.
   */
  microBatches?(run: Run): number | null;
  /**
   * Builds the parts to train, and the plan of their training. Writes nothing, so that several processes can do it. All
   * tensors belong to `owned`, which frees them however the stage ends.
   */
  plan(run: Run, madeOf: MadeOf, owned: Owned, start: S): Promise<TrainingPlan<B>> | TrainingPlan<B>;
}

/** A stage that trains parts of a model and leaves checkpoints. */
export type TrainingStage<B extends Batch = Batch, S extends Start = Start> = TrainingStageDefinition<B, S> & Stage;

/** Makes a training stage from its definition. */
export function trainingStage<B extends Batch, S extends Start>(
  definition: TrainingStageDefinition<B, S>,
): TrainingStage<B, S> {
  return {
    ...definition,
    async run(run) {
      if (run.team.count > 1 && !isDivided(definition.name, run, definition.microBatches?.(run) ?? null)) {
        await run.team.alone(() => train({ ...run, team: noTeam }));
        return;
      }
      await train(run);
    },
  };

  async function train(run: Run): Promise<void> {
    // Rank 0 comes first, because it may have to measure data, which is kept in the run folder.
    const { start, inputs } = await run.team.first(async () => ({
      start: definition.start(run),
      inputs: await definition.inputs(run),
    }));
    const madeOf = { parents: start.origins, ...inputs };
    if (usableCheckpoint(run, definition.name, madeOf)?.manifest.finished) return;
    using owned = new Owned();
    await trainStage(run, await definition.plan(run, madeOf, owned, start));
  }
}

/**
 * Whether the ranks of a run divide the micro-batches of a stage. Where there is only one, rank 0 trains alone.
 *
 * @throws UsageError when there are more, but ranks do not divide them.
 */
function isDivided(stage: string, { team }: Run, microBatches: number | null): boolean {
  if (microBatches === null) return false;
  if (microBatches === 1) {
    say(`${stage}: a batch is one micro-batch: rank 0 trains alone (set ${stage}.microBatch to divide it)`);
    return false;
  }
  if (microBatches % team.count === 0) return true;
  throw new UsageError(
    `${stage}: ${team.count} ranks do not divide the ${microBatches} micro-batches of a batch ` +
      `(${stage}.batch / ${stage}.microBatch)`,
  );
}
