import type { MadeOf, Origin } from '../../checkpoints/run-store.js';
import { Owned } from '../../system/owned.js';
import type { Batch } from '../../train/loop.js';
import type { Run } from '../run/run.js';
import type { Stage } from '../stage.js';
import { usableCheckpoint } from './resume.js';
import { trainStage } from './train-stage.js';
import type { TrainingPlan } from './training-plan.js';

/** Where a training stage starts: finished stages and features by their content, and what the stage reads them through. */
export interface Start {
  readonly origins: readonly Origin[];
}

/** What a training stage says of itself; how it is trained is the same for all of them. */
export interface TrainingStageDefinition<B extends Batch, S extends Start> extends Omit<Stage, 'run'> {
  /** Where the stage starts today. Throws {@link UsageError} where something that it needs is not finished. */
  start(run: Run): S;
  /**
   * Builds what is trained, and says how. Nothing is written, so that several processes can do it; all tensors that are
   * made belong to `owned`, which frees them whichever way the stage ends.
   */
  plan(run: Run, madeOf: MadeOf, owned: Owned, start: S): Promise<TrainingPlan<B>> | TrainingPlan<B>;
}

/** A stage that trains parts of a model and leaves checkpoints. */
export type TrainingStage<B extends Batch = Batch, S extends Start = Start> = TrainingStageDefinition<B, S> & Stage;

/** A training stage from what it says of itself. */
export function trainingStage<B extends Batch, S extends Start>(
  definition: TrainingStageDefinition<B, S>,
): TrainingStage<B, S> {
  return {
    ...definition,
    async run(run) {
      const start = definition.start(run);
      const madeOf = { parents: start.origins, ...(await definition.inputs(run)) };
      if (usableCheckpoint(run, definition.name, madeOf)?.manifest.finished) return;
      using owned = new Owned();
      await trainStage(run, await definition.plan(run, madeOf, owned, start));
    },
  };
}
