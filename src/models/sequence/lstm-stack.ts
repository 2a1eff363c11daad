import * as tf from '@tensorflow/tfjs-core';
import { lstm } from '../../engine/ops/lstm/lstm-layer.js';
import type { LstmState } from '../../engine/ops/lstm/lstm-tensors.js';
import type { Pass } from '../layers/layer.js';
import type { ParameterSpec, ReadableParameters } from '../parameters.js';

export interface LstmStackOptions {
  /** Channels of the input; null: no input, only the recurrent path. */
  inputs: number | null;
  units: number;
  layers: number;
}

/** What a stack makes of a sequence. */
export interface LstmStackResult {
  /** Outputs of the top layer, `[T, B, H]`. */
  outputs: tf.Tensor3D;
  /** The state of each layer after the last step. */
  states: LstmState[];
}

export interface LstmStackRun {
  /** The state of each layer before the first step (default: zeros). Needed without input. */
  initial?: readonly LstmState[] | undefined;
  /** False where x is data, whose gradient nobody needs (default: true). */
  inputGradient?: boolean;
  /** Fraction of each layer's input that a pass with a `dropoutSeed` sets to 0 (default: 0). */
  dropout?: number;
}

/** LSTM layers with peepholes, each of which sees the outputs of the one below (docs/method.md §16.1). */
export interface LstmStack {
  readonly parameters: ParameterSpec[];
  /**
   * Runs through time.
   *
   * @param x - `[T, B, inputs]`; null for a stack without input.
   * @throws RangeError without both input and initial state.
   */
  run(x: tf.Tensor3D | null, steps: number, pass: Pass, options?: LstmStackRun): LstmStackResult;
}

/** Gates i, f, a, o: a layer that forgets nothing at first learns faster. */
const firstBias = [0, 1, 0, 0];
const peepholes = ['i', 'f', 'o'] as const;

/** A stack whose parameters are `<name>.<layer>.input`, `.recurrent`, `.bias` and `.peephole.<gate>`. */
export function lstmStack(name: string, { inputs, units, layers }: LstmStackOptions): LstmStack {
  const inputsOf = (layer: number) => (layer === 0 ? inputs : units);
  const numbers = Array.from({ length: layers }, (_, layer) => layer);
  return {
    parameters: numbers.flatMap((layer) => layerSpecs(`${name}.${layer}`, inputsOf(layer), units)),
    run(x, steps, pass, { initial, inputGradient = true, dropout = 0 } = {}) {
      const batch = x?.shape[1] ?? initial?.[0]?.h.shape[0];
      if (batch === undefined) throw new RangeError('an LSTM without input needs a state to start from');
      const zeros = () => ({ h: tf.zeros<tf.Rank.R2>([batch, units]), c: tf.zeros<tf.Rank.R2>([batch, units]) });
      const states: LstmState[] = [];
      let below = x;
      for (const layer of numbers) {
        const weights = layerWeights(`${name}.${layer}`, inputsOf(layer) !== null, pass.parameters);
        const options = { inputGradient: layer > 0 || inputGradient };
        const { outputs, h, c } = lstm(
          below && dropped(below, dropout, layer, pass),
          weights,
          initial?.[layer] ?? zeros(),
          steps,
          options,
        );
        states.push({ h, c });
        below = outputs;
      }
      return { outputs: below!, states };
    },
  };
}

/**
 * Sets a fraction of the values to 0, and scales the others up, in a pass that has a seed.
 *
 * @param place - Which of the pass's draws it is.
 */
export function dropped(x: tf.Tensor3D, fraction: number, place: number, { dropoutSeed }: Pass): tf.Tensor3D {
  if (fraction === 0 || dropoutSeed === undefined) return x;
  return tf.dropout(x, fraction, undefined, dropoutSeed + place) as tf.Tensor3D;
}

function layerSpecs(name: string, inputs: number | null, units: number): ParameterSpec[] {
  const matrix = (part: string, fanIn: number): ParameterSpec => ({
    name: `${name}.${part}`,
    kind: 'linear',
    shape: [fanIn, 4 * units],
    init: { type: 'uniform', fanIn },
    trainable: true,
  });
  const vector = (part: string, size: number, init: ParameterSpec['init']): ParameterSpec => ({
    name: `${name}.${part}`,
    kind: 'vector',
    shape: [size],
    init,
    trainable: true,
  });
  return [
    ...(inputs === null ? [] : [matrix('input', inputs)]),
    matrix('recurrent', units),
    vector('bias', 4 * units, { type: 'parts', values: firstBias }),
    ...peepholes.map((gate) => vector(`peephole.${gate}`, units, { type: 'constant', value: 0 })),
  ];
}

function layerWeights(name: string, hasInput: boolean, parameters: ReadableParameters) {
  return {
    input: hasInput ? parameters.get<tf.Tensor2D>(`${name}.input`) : null,
    recurrent: parameters.get<tf.Tensor2D>(`${name}.recurrent`),
    bias: parameters.get<tf.Tensor1D>(`${name}.bias`),
    peepholes: tf.stack(peepholes.map((gate) => parameters.get(`${name}.peephole.${gate}`))) as tf.Tensor2D,
  };
}
