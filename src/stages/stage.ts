import type { MadeOf } from '../checkpoints/run-store.js';
import type { StageName } from '../config/stages.js';
import type { Run } from './run/run.js';

/**
 * A stage of the pipeline. What it depends on, leaves and starts from stands in `config/stages.ts`; stages meet only in
 * the store. Most are a `trainingStage` (training/training-stage.ts), whose plan can be built without being run.
 */
export interface Stage {
  readonly name: StageName;
  /**
   * Whether the stage trains and computes nothing under the run's configuration, but only keeps what it was given
   * (`pretrain.epochs: 0`): whoever needs it first then does it.
   */
  costsNothing?(run: Run): boolean;
  /**
   * The data that the stage would be made of today, as far as they are known before any stage has run. Nothing is
   * written but what was measured of clips, and no tensors are made.
   */
  inputs(run: Run): Promise<Omit<MadeOf, 'parents'>>;
  /** Does the stage, or what is left of it. Returns at once where it is finished. */
  run(run: Run): Promise<void>;
}
