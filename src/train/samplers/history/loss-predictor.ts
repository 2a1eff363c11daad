import type { Random } from '../../../engine/random.js';
import { lstmGradient, runLstm, type LstmWeights, type FloatArray } from './lstm.js';

/** Units of each of the two LSTM layers, and numbers of an embedding of a class. */
export const units = 32;

/** An item whose loss is predicted. */
export interface Example {
  /** Its last losses, the oldest first; may be empty. */
  readonly losses: ArrayLike<number>;
  /** Rows of its classes in the embedding, one or more. */
  readonly rows: readonly number[];
}

/** The parts of the predictor's parameters, or of their gradients. */
export interface PredictorParts<T extends FloatArray> {
  first: LstmWeights<T>;
  second: LstmWeights<T>;
  /** `[rows, 32]`. */
  embedding: T;
  /** `[64]`: of the second layer's last output, then of the embedding. */
  weight: T;
  /** `[1]`. */
  bias: T;
}

/** The number of the predictor's parameters with an embedding of `rows` rows. */
export function parameterCount(rows: number): number {
  return layerSize(1) + layerSize(units) + rows * units + 2 * units + 1;
}

/** Parameters to begin with. The predictor begins by predicting about 1 for everything. */
export function initialParameters(rows: number, random: Random): Float32Array {
  const parameters = new Float32Array(parameterCount(rows));
  const { first, second, embedding, weight, bias } = partsOf(parameters);
  const fill = (array: Float32Array, limit: number) => {
    for (let i = 0; i < array.length; i++) array[i] = random.between(-limit, limit);
  };
  for (const layer of [first, second]) {
    fill(layer.input, 1 / Math.sqrt(units));
    fill(layer.recurrent, 1 / Math.sqrt(units));
    // Forget gates begin open.
    layer.bias.fill(1, units, 2 * units);
  }
  fill(embedding, 0.05);
  fill(weight, Math.sqrt(6 / (2 * units + 1)));
  bias[0] = 1;
  return parameters;
}

/**
 * Predicts the loss of an item (Katharopoulos & Fleuret 2017): two LSTM layers over its last losses, whose last output
 * and the mean embedding of its classes go through a linear layer.
 */
export function predictLoss(parameters: FloatArray, example: Example): number {
  return forward(partsOf(parameters), example).prediction;
}

/**
 * The mean squared error of predictions of some items' losses, and its gradient by the parameters.
 *
 * @param targets - The losses.
 */
export function predictionError(
  parameters: FloatArray,
  examples: readonly Example[],
  targets: readonly number[],
): { error: number; gradient: Float64Array } {
  const parts = partsOf(parameters);
  const gradient = new Float64Array(parameters.length);
  const ofParts = partsOf(gradient);
  let error = 0;
  examples.forEach((example, i) => {
    const passed = forward(parts, example);
    const difference = passed.prediction - targets[i]!;
    error += difference ** 2 / examples.length;
    backward(parts, example, passed, (2 * difference) / examples.length, ofParts);
  });
  return { error, gradient };
}

function forward(parts: PredictorParts<FloatArray>, { losses, rows }: Example) {
  const lower = runLstm(parts.first, Float64Array.from(losses), units);
  const upper = runLstm(parts.second, lower.outputs, units);
  const last = (losses.length - 1) * units;
  const joined = new Float64Array(2 * units);
  for (let j = 0; j < units; j++) {
    // Without losses the layers have made no step: their output is that of the state at the start, 0.
    if (losses.length > 0) joined[j] = upper.outputs[last + j]!;
    for (const row of rows) joined[units + j]! += parts.embedding[row * units + j]! / rows.length;
  }
  let prediction = parts.bias[0]!;
  for (let j = 0; j < 2 * units; j++) prediction += parts.weight[j]! * joined[j]!;
  return { lower, upper, joined, prediction };
}

/** Adds the gradient of one item, given that of its prediction. */
function backward(
  parts: PredictorParts<FloatArray>,
  { losses, rows }: Example,
  { lower, upper, joined }: ReturnType<typeof forward>,
  ofPrediction: number,
  gradient: PredictorParts<Float64Array>,
): void {
  gradient.bias[0]! += ofPrediction;
  for (let j = 0; j < 2 * units; j++) gradient.weight[j]! += ofPrediction * joined[j]!;
  for (const row of rows) {
    for (let j = 0; j < units; j++)
      gradient.embedding[row * units + j]! += (ofPrediction * parts.weight[units + j]!) / rows.length;
  }
  if (losses.length === 0) return;
  const ofUpper = new Float64Array(losses.length * units);
  const last = (losses.length - 1) * units;
  for (let j = 0; j < units; j++) ofUpper[last + j] = ofPrediction * parts.weight[j]!;
  const ofLower = lstmGradient(parts.second, upper, ofUpper, units, gradient.second);
  lstmGradient(parts.first, lower, ofLower, units, gradient.first);
}

/** The number of weights of a layer over inputs of `width` numbers. */
function layerSize(width: number): number {
  return 4 * units * (width + units + 1);
}

/** Views of the parts in one array of all parameters. */
export function partsOf<T extends FloatArray>(all: T): PredictorParts<T> {
  let taken = 0;
  const take = (size: number) => all.subarray(taken, (taken += size)) as T;
  const layer = (width: number) => ({
    input: take(4 * units * width),
    recurrent: take(4 * units * units),
    bias: take(4 * units),
  });
  const [first, second] = [layer(1), layer(units)];
  const rows = (all.length - taken - 2 * units - 1) / units;
  return { first, second, embedding: take(rows * units), weight: take(2 * units), bias: take(1) };
}
