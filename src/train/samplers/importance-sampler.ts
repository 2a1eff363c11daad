import { presampleOf, type SamplerOptions } from '../../config/sections/sampler-section.js';
import { randomStream } from '../../engine/random.js';
import type { SeenBatch, SourceState } from '../batches/batch-source.js';
import type { Draw } from '../batches/draw.js';
import { drawByScore, gainThreshold, importanceWeights, samplingGain } from './importance.js';
import { meanOf, running } from './means.js';
import type { Sampler, Slots } from './sampler.js';
import { shuffledBatches } from './shuffled.js';

/** What tells how high the loss of an item will be. */
export interface LossModel {
  readonly initial: SourceState;
  /** Batches between two changes of the state. */
  readonly every: number;
  /** Whether a score costs a pass of an item, drawn as `[batch]`, through the trained model. */
  readonly passes: boolean;
  /** The scores of items for a batch, finite and not below 0. */
  scores(state: SourceState, items: readonly number[], at: { epoch: number; batch: number; shape: string }): number[];
  /** The state after some batches, of which the losses are known. */
  next(state: SourceState, seen: readonly SeenBatch[]): SourceState;
}

/** The values of the sampler's state, beside those of its loss model. */
interface Values {
  /** Running mean of the scores of candidates; null before the first. */
  mean: number | null;
  /** Running mean of the gain. */
  gain: number | null;
  model: unknown;
}

/** Least score, as a fraction of the mean score of the candidates: no item is quite without a chance. */
const least = 1e-6;

/**
 * Chooses the items of a batch by their loss (docs/method.md §13): draws candidates uniformly, and among these the
 * items with chances proportional to smoothed scores.
 *
 * @param stage - Names the random streams, together with `seed`, epoch and batch.
 */
export function importanceSampler(
  model: LossModel,
  options: SamplerOptions,
  slots: Slots,
  seed: number,
  stage: string,
): Sampler {
  const { classes, sizes } = slots;
  const count = classes.length;
  const warmup = options.warmup ?? sizes(0).length;
  const ofModel = ({ values, tensors }: SourceState): SourceState => ({ values: (values as Values).model, tensors });
  const together = (own: Omit<Values, 'model'>, { values, tensors }: SourceState): SourceState => ({
    values: { ...own, model: values } satisfies Values,
    tensors,
  });

  function drawByLoss(state: SourceState, known: Map<string, Map<number, number>>, epoch: number, batch: number): Draw {
    const size = sizes(epoch)[batch]!;
    const shape = slots.shape(epoch, batch);
    const random = randomStream(seed, stage, 'draw', epoch, batch);
    const presample = presampleOf(options, size);
    const candidates = Array.from({ length: presample }, () => random.below(count));
    const own = scoresOf(candidates, { epoch, batch, shape }, state, known);
    const mean = meanOf(own);
    const { mean: before, gain: gainBefore } = state.values as Values;
    const added = options.smoothing * (before ?? mean);
    // Where every prediction is 0, all items have the same chance.
    const scores = own.map((score) => (mean + added > 0 ? Math.max(score, least * mean) + added : 1));
    const gain = samplingGain(scores);
    const places = drawByScore(scores, size, random);
    const weights = options.reweight
      ? importanceWeights(
          places.map((place) => scores[place]!),
          meanOf(scores),
          options.k,
        )
      : places.map(() => 1);
    return {
      items: places.map((place, i) => ({
        item: candidates[place]!,
        weight: Math.min(weights[i]!, options.cap),
        // The model has scored one view of an item, which is the one to train on.
        draw: model.passes ? [batch] : [batch, i],
      })),
      sampling: {
        mean,
        gain,
        log: {
          tau: running(gainBefore, gain),
          threshold: gainThreshold(model.passes ? presample : 0, size),
          capped: weights.filter((weight) => weight > options.cap).length,
        },
      },
    };
  }

  /** Scores of candidates, each item of which is scored once as long as the state stays. */
  function scoresOf(
    candidates: readonly number[],
    at: { epoch: number; batch: number; shape: string },
    state: SourceState,
    known: Map<string, Map<number, number>>,
  ): number[] {
    const found = known.get(at.shape) ?? new Map<number, number>();
    known.set(at.shape, found);
    const fresh = [...new Set(candidates)].filter((item) => !found.has(item));
    const scores = fresh.length > 0 ? model.scores(ofModel(state), fresh, at) : [];
    fresh.forEach((item, i) => found.set(item, scores[i]!));
    return candidates.map((item) => found.get(item)!);
  }

  return {
    initial: together({ mean: null, gain: null }, model.initial),
    every: model.every,
    epoch(state, epoch) {
      const left = warmup - batchesBefore(sizes, epoch, warmup);
      const uniform = left > 0 ? shuffledBatches(count, sizes(epoch), seed, stage, epoch) : null;
      const known = new Map<string, Map<number, number>>();
      return (batch) => (uniform && batch < left ? uniform(batch) : drawByLoss(state, known, epoch, batch));
    },
    next(state, seen) {
      let { mean, gain } = state.values as Values;
      for (const { sampling } of seen) {
        if (!sampling) continue;
        mean = running(mean, sampling.mean);
        gain = running(gain, sampling.gain);
      }
      return together({ mean, gain }, model.next(ofModel(state), seen));
    },
  };
}

/** The number of batches before an epoch, counted up to `enough`. */
function batchesBefore(sizes: Slots['sizes'], epoch: number, enough: number): number {
  let before = 0;
  for (let past = 0; past < epoch && before < enough; past++) before += sizes(past).length;
  return before;
}
