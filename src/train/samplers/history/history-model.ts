import { randomStream } from '../../../engine/random.js';
import type { State } from '../../../models/state.js';
import type { LossModel } from '../importance-sampler.js';
import { meanOf } from '../means.js';
import type { Slots } from '../sampler.js';
import { adamStep, type AdamState } from './adam-step.js';
import { Histories } from './histories.js';
import { initialParameters, predictionError, type Example } from './loss-predictor.js';
import { predictLosses } from './predict-losses.js';

interface Values {
  /** Steps that the predictor has taken. */
  steps: number;
  /** The mean loss of the first batch, by which losses are divided for the predictor; 0 before. */
  unit: number;
}

const rate = 1e-3;
/** Batches between two updates: those in between are read ahead, while all are chosen from the same predictions. */
const batchesBetween = 8;

/**
 * The loss model of the paper (Katharopoulos & Fleuret 2017; docs/method.md §13.4): a small network that learns, beside
 * the training, to predict the next loss of an item from its last ten losses at the same fidelity, and its classes.
 * It takes a step on each batch, before that batch's losses are appended to the histories.
 */
export function historyModel({ classes, classCount }: Slots, seed: number, stage: string): LossModel {
  const items = classes.length;
  const rowsOf = (item: number) => (classes[item]!.length > 0 ? classes[item]! : [classCount]);
  const exampleOf = (item: number, histories: Histories, unit: number): Example => ({
    losses: histories.of(item).map((loss) => loss / unit),
    rows: rowsOf(item),
  });
  const parameters = initialParameters(classCount + 1, randomStream(seed, stage, 'predictor'));
  const zeros = () => new Float32Array(parameters.length);

  return {
    initial: {
      values: { steps: 0, unit: 0 } satisfies Values,
      tensors: storedAdam({ parameters, mean: zeros(), square: zeros() }),
    },
    every: batchesBetween,
    passes: false,
    scores({ values, tensors }, wanted, { shape }) {
      const { unit } = values as Values;
      if (unit === 0) return wanted.map(() => 1);
      const histories = Histories.from(tensors, shape, items);
      const { parameters } = readAdam(tensors);
      const examples = wanted.map((item) => exampleOf(item, histories, unit));
      return predictLosses(parameters, examples).map((prediction) => Math.max(0, prediction * unit));
    },
    next({ values, tensors }, seen) {
      let { steps, unit } = values as Values;
      const adam = readAdam(tensors);
      const shapes = new Map<string, Histories>();
      for (const batch of seen) {
        if (unit === 0) unit = meanOf(batch.losses);
        // Losses of 0 alone teach nothing of the losses to come.
        if (unit === 0) continue;
        const histories = shapes.get(batch.shape) ?? Histories.from(tensors, batch.shape, items);
        shapes.set(batch.shape, histories);
        const examples = batch.items.map((item) => exampleOf(item, histories, unit));
        const { gradient } = predictionError(
          adam.parameters,
          examples,
          batch.losses.map((loss) => loss / unit),
        );
        adamStep(adam, gradient, ++steps, rate);
        batch.items.forEach((item, i) => {
          histories.append(item, batch.losses[i]!);
        });
      }
      const next: State = new Map([...tensors, ...storedAdam(adam)]);
      for (const [shape, histories] of shapes)
        for (const [name, stored] of histories.stored(shape)) next.set(name, stored);
      return { values: { steps, unit } satisfies Values, tensors: next };
    },
  };
}

function storedAdam(adam: AdamState): State {
  return new Map(
    Object.entries(adam).map(([name, data]: [string, Float32Array]) => [
      `predictor.${name}`,
      { shape: [data.length], data },
    ]),
  );
}

/** Copies of the arrays that {@link storedAdam} stored. */
function readAdam(tensors: State): AdamState {
  const read = (name: string) => tensors.get(`predictor.${name}`)!.data.slice();
  return { parameters: read('parameters'), mean: read('mean'), square: read('square') };
}
