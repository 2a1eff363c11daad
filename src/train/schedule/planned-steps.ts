import type { Config } from '../../config/schema.js';
import { UsageError } from '../../system/errors.js';
import { shapeAt } from './fidelity.js';
import { baseRate } from './learning-rate.js';
import { epochShapes, multigridPlan, segmentAt, type Multigrid } from './multigrid.js';

/** One optimiser step of a stage's plan. Steps and epochs count from 0; `lr` is the base rate without the warm-up. */
export interface PlannedStep {
  step: number;
  epoch: number;
  snippets: number;
  size: number;
  batch: number;
  lr: number;
  /** Frames in a snippet; only in multigrid, where they change from step to step. */
  frames?: number;
}

/**
 * The plan of a stage, computed without its data: an epoch has `data.trainVideos` samples, each once. In `pretrain`, a
 * clip is one snippet.
 *
 * @param steps - The number of steps to plan; absent: all steps of the stage.
 * @throws UsageError when `data.trainVideos` is not set, or multigrid does not fit the stage's rate.
 */
export function planStage(config: Config, stage: 'pretrain' | 'joint', steps?: number): PlannedStep[] {
  const { trainVideos } = config.data;
  if (trainVideos === null) throw new UsageError('schedule needs data.trainVideos, the number of training samples');
  const { multigrid } = config.pretrain;
  if (stage === 'pretrain' && multigrid) return planMultigrid(config, multigrid, trainVideos, steps);
  const { batch, epochs } = config[stage];
  const perEpoch = Math.ceil(trainVideos / batch);
  return Array.from({ length: steps ?? epochs * perEpoch }, (_, step) => {
    const epoch = Math.floor(step / perEpoch);
    const { snippets, size } =
      stage === 'joint' ? shapeAt(config.joint, epoch, step) : { snippets: 1, size: config.pretrain.size };
    return { step, epoch, snippets, size, batch, lr: baseRate(config[stage], epoch) };
  });
}

function planMultigrid({ encoder, pretrain }: Config, multigrid: Multigrid, clips: number, steps?: number) {
  const plan = multigridPlan(multigrid, { ...pretrain, frames: encoder.frames, stride: encoder.stride });
  const planned: PlannedStep[] = [];
  const end = plan.at(-1)!.epochs.to;
  for (let epoch = 0; steps === undefined ? epoch < end : planned.length < steps; epoch++) {
    const segment = segmentAt(plan, epoch);
    const lr = pretrain.lr * segment.lr;
    for (const { size, batch, frames } of epochShapes(segment, clips)) {
      planned.push({ step: planned.length, epoch, snippets: 1, size, batch, lr, frames });
    }
  }
  return planned.slice(0, steps);
}
