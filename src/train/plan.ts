import type { Config } from '../config/schema.js';
import { UsageError } from '../system/errors.js';
import { shapeAt } from './fidelity.js';
import { baseRate } from './learning-rate.js';

/** One optimiser step of a stage's plan; steps and epochs count from 0, `lr` is the base rate without warm-up. */
export interface PlannedStep {
  step: number;
  epoch: number;
  snippets: number;
  size: number;
  batch: number;
  lr: number;
}

/**
 * The plan of a stage without data: steps an epoch are ⌈data.trainVideos / batch⌉. For `pretrain`, a clip is one snippet.
 * Throws {@link UsageError} where `data.trainVideos` is not set.
 */
export function planStage(config: Config, stage: 'pretrain' | 'joint', steps?: number): PlannedStep[] {
  const { trainVideos } = config.data;
  if (trainVideos === null) throw new UsageError('schedule needs data.trainVideos, the number of training samples');
  const { batch, epochs } = config[stage];
  const perEpoch = Math.ceil(trainVideos / batch);
  return Array.from({ length: steps ?? epochs * perEpoch }, (_, step) => {
    const epoch = Math.floor(step / perEpoch);
    const { snippets, size } =
      stage === 'joint' ? shapeAt(config.joint, epoch, step) : { snippets: 1, size: config.pretrain.size };
    return { step, epoch, snippets, size, batch, lr: baseRate(config[stage], epoch) };
  });
}
