import type { SamplerOptions } from '../../config/sections/sampler-section.js';
import { classModel } from './class-model.js';
import { historyModel } from './history/history-model.js';
import { importanceSampler, type LossModel } from './importance-sampler.js';
import type { Sampler, Slots } from './sampler.js';
import { shuffled } from './shuffled.js';

/** The losses of items by the model that is being trained, as it is at a batch. */
export type ScoreByModel = (items: readonly number[], at: { epoch: number; batch: number; shape: string }) => number[];

/**
 * The sampler of a stage.
 *
 * @param stage - Names the random streams, together with `seed`.
 * @param scoreByModel - Needed for the type `model`, which only stages on features have.
 */
export function samplerOf(
  options: SamplerOptions,
  slots: Slots,
  { seed, stage }: { seed: number; stage: string },
  scoreByModel?: ScoreByModel,
): Sampler {
  const by = (model: LossModel) => importanceSampler(model, options, slots, seed, stage);
  switch (options.type) {
    case 'shuffled':
      return shuffled(slots, seed, stage);
    case 'history':
      return by(historyModel(slots, seed, stage));
    case 'classGaussian':
      return by(classModel(slots));
    case 'model':
      return by(currentModel(scoreByModel!));
  }
}

/** The loss model that asks the trained model itself, before every batch. */
function currentModel(score: ScoreByModel): LossModel {
  return {
    initial: { values: null, tensors: new Map() },
    every: 1,
    passes: true,
    scores: (_, items, at) => score(items, at),
    next: (state) => state,
  };
}
