import type { MadeOf, Origin } from '../../checkpoints/run-store.js';
import { Owned } from '../../system/owned.js';
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
      const start = definition.start(run);
      const madeOf = { parents: start.origins, ...(await definition.inputs(run)) };
      if (usableCheckpoint(run, definition.name, madeOf)?.manifest.finished) return;
      using owned = new Owned();
      await trainStage(run, await definition.plan(run, madeOf, owned, start));
    },
  };
}
