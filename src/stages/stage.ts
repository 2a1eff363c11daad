import type { MadeOf } from '../checkpoints/run-store.js';
import type { StageName } from '../config/stages.js';
import type { Run } from './run/run.js';

/**
 * A stage of the pipeline. `config/stages.ts` states what it depends on, leaves and starts from; stages exchange data
 * only through the store. Most stages are a `trainingStage` (training/training-stage.ts), whose plan can be built
 * without being run.
 */
export interface Stage {
  readonly name: StageName;
  /**
   * Whether the stage trains nothing under the run's configuration and only stores what it was given
   * (`pretrain.epochs: 0`). Such a stage is run on demand, before the first later stage.
   */
  costsNothing?(run: Run): boolean;
  /**
   * The data that the stage would be made from now, as far as they are known before any stage has run. Writes nothing
   * but measurements of clips, and makes no tensors.
   */
  inputs(run: Run): Promise<Omit<MadeOf, 'parents'>>;
  /** Runs the stage, or the rest of it. Returns at once if it is finished. */
  run(run: Run): Promise<void>;
}
