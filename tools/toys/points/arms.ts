import { samplerKey, type SamplerOptions } from '../../../src/config/sections/sampler-section.js';
import { randomStream } from '../../../src/engine/random.js';
import { nextPoint, type SeenBatch } from '../../../src/train/batches/batch-source.js';
import { samplerOf } from '../../../src/train/samplers/sampler-of.js';
import { evenSizes } from '../../../src/train/samplers/shuffled.js';
import { Adam } from '../common/adam.js';
import type { ToyResult } from '../common/report.js';
import { initialWeights, pointLosses, weightedGradient } from './network.js';
import { makePoints, type Points } from './points.js';

/** The accuracy of one arm after `step` steps, and the mean cross-entropy on the test points, in nats. */
export interface BoundaryResult extends ToyResult {
  readonly step: number;
  readonly loss: number;
}

/** How large the toy is. */
export interface BoundaryStudy {
  /** Points of a side of the grid. */
  readonly side: number;
  readonly steps: number;
  /** Steps between two measurements. */
  readonly every: number;
  readonly seeds: readonly number[];
  readonly arms: readonly string[];
}

const options = (type: SamplerOptions['type'], k: number, smoothing: number): SamplerOptions =>
  samplerKey([type]).parse({ type, k, smoothing, warmup: 0, presample: 1024, cap: 100 });

/** The samplers that are compared. */
export const boundaryArms: Readonly<Record<string, SamplerOptions>> = {
  uniform: options('shuffled', 1, 0),
  'model, k 1': options('model', 1, 0),
  'model, k 0.5': options('model', 0.5, 0),
  'model, k 0.5, smoothed': options('model', 0.5, 0.5),
};

const batchSize = 128;
const rate = 0.003;

/** The results of all arms at the measured steps, with each seed. */
export function studyBoundary(
  { side, steps, every, seeds, arms }: BoundaryStudy,
  onProgress: (done: string) => void = () => undefined,
): BoundaryResult[] {
  return seeds.flatMap((seed) => {
    const [train, test] = [makePoints(side, seed, 'train'), makePoints(side, seed, 'test')];
    return arms.flatMap((arm) => {
      const results = trained(boundaryArms[arm]!, train, test, { steps, every, seed }).map((measured) => ({
        ...{ arm, seed },
        ...measured,
      }));
      onProgress(`seed ${seed}, ${arm}: ${results.at(-1)!.accuracy.toFixed(4)}`);
      return results;
    });
  });
}

function trained(
  sampling: SamplerOptions,
  train: Points,
  test: Points,
  { steps, every, seed }: { steps: number; every: number; seed: number },
): Pick<BoundaryResult, 'step' | 'accuracy' | 'loss'>[] {
  const weights = initialWeights(randomStream(seed, 'boundary', 'weights'));
  const adam = new Adam(rate);
  const sizes = evenSizes(train.labels.length, batchSize);
  const slots = {
    sizes: () => sizes,
    shape: () => '',
    classes: Array.from(train.labels, (label) => [label]),
    classCount: 2,
  };
  const sampler = samplerOf(sampling, slots, { seed, stage: 'boundary' }, (points) =>
    pointLosses(weights, train, points),
  );
  const measured: Pick<BoundaryResult, 'step' | 'accuracy' | 'loss'>[] = [];
  let state = sampler.initial;
  let seen: SeenBatch[] = [];
  for (let step = 0; step < steps;) {
    const [epoch, from] = [Math.floor(step / sizes.length), step % sizes.length];
    const to = Math.min(nextPoint(sampler, from, sizes.length), from + steps - step);
    const batchOf = sampler.epoch(state, epoch);
    for (let batch = from; batch < to; batch++) {
      const { items, sampling } = batchOf(batch);
      const points = items.map(({ item }) => item);
      const { losses, gradient } = weightedGradient(
        weights,
        train,
        points,
        items.map(({ weight }) => weight),
      );
      adam.step(weights, gradient);
      seen.push({ shape: '', items: points, losses, sampling });
      if (++step % every === 0 || step === steps) measured.push({ step, ...measureOn(test, weights) });
    }
    state = sampler.next?.(state, seen) ?? state;
    seen = [];
  }
  return measured;
}

function measureOn(test: Points, weights: ReturnType<typeof initialWeights>) {
  const losses = pointLosses(
    weights,
    test,
    Array.from(test.labels, (_, i) => i),
  );
  return {
    accuracy: losses.filter((loss) => loss < Math.LN2).length / losses.length,
    loss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
  };
}
