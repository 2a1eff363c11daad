import * as tf from '@tensorflow/tfjs-core';
import { dense } from '../../engine/ops/dense.js';
import type { LstmState } from '../../engine/ops/lstm/lstm-tensors.js';
import type { Pass } from '../layers/layer.js';
import { projection } from '../layers/sequence.js';
import type { ParameterSpec } from '../parameters.js';
import { lstmStack } from './lstm-stack.js';

export interface FrameDecoderOptions {
  /** Channels of a frame, D. */
  channels: number;
  units: number;
  layers: number;
  /** Whether each step sees the frame before it. */
  conditional: boolean;
  /** Whether the first frame is read from the encoder's state as it is, before the decoder's first step. */
  copyInitState: boolean;
}

/** An LSTM that unrolls the encoder's state into frames (Srivastava et al. 2015, §2.2; docs/method.md §16.3). */
export interface FrameDecoder {
  readonly parameters: ParameterSpec[];
  /**
   * Outputs of S frames before their non-linearity, `[S, B, D]`, by the true frame before each.
   *
   * @param states - The encoder's, one a layer.
   * @param targets - The frames `[S, B, D]` in the decoder's order. An unconditioned decoder counts them only.
   */
  forced(states: readonly LstmState[], targets: tf.Tensor3D, pass: Pass): tf.Tensor3D;
  /**
   * Outputs of S frames before their non-linearity, by the decoder's own frame before each.
   *
   * @param frameOf - The non-linearity, which makes a frame of an output.
   */
  free(
    states: readonly LstmState[],
    steps: number,
    pass: Pass,
    frameOf: (output: tf.Tensor3D) => tf.Tensor3D,
  ): tf.Tensor3D;
}

/** A decoder whose parameters are `<name>.<layer>.…` and `<name>.output.…`. */
export function frameDecoder(name: string, options: FrameDecoderOptions): FrameDecoder {
  const { channels, units, layers, conditional, copyInitState } = options;
  const stack = lstmStack(name, { inputs: conditional ? channels : null, units, layers });
  const output = projection(`${name}.output`, units, channels);

  const read = (outputs: tf.Tensor3D, { parameters }: Pass): tf.Tensor3D => {
    const [steps, batch] = outputs.shape;
    const { weight, bias } = output.of(parameters);
    const rows = dense(tf.reshape(outputs, [steps * batch, units]), weight, bias, 'linear');
    return tf.reshape(rows, [steps, batch, channels]);
  };
  /** The encoder's own output as that of a step, `[1, B, H]`. */
  const ofState = (states: readonly LstmState[]): tf.Tensor3D => tf.expandDims(states.at(-1)!.h, 0);

  /** The outputs of all steps, of which `before` holds the frames before (null: the decoder has no input). */
  const unrolled = (states: readonly LstmState[], before: tf.Tensor3D | null, steps: number, pass: Pass) => {
    const own = copyInitState ? steps - 1 : steps;
    if (own === 0) return ofState(states);
    const { outputs } = stack.run(before, own, pass, { initial: states, inputGradient: false });
    return copyInitState ? tf.concat([ofState(states), outputs]) : outputs;
  };

  return {
    parameters: [...stack.parameters, ...output.parameters],
    forced(states, targets, pass) {
      const [steps, batch] = targets.shape;
      return read(unrolled(states, conditional ? framesBefore() : null, steps, pass), pass);

      function framesBefore(): tf.Tensor3D | null {
        const seen = tf.slice(targets, [0, 0, 0], [steps - 1, batch, channels]);
        // The first step sees nothing, which is as much as a frame of zeros.
        return copyInitState ? seen : tf.concat([tf.zeros<tf.Rank.R3>([1, batch, channels]), seen]);
      }
    },
    free(states, steps, pass, frameOf) {
      if (!conditional) return read(unrolled(states, null, steps, pass), pass);
      const batch = states[0]!.h.shape[0];
      const outputs: tf.Tensor3D[] = copyInitState ? [read(ofState(states), pass)] : [];
      for (let now = states; outputs.length < steps;) {
        const last = outputs.at(-1);
        const before = last ? frameOf(last) : tf.zeros<tf.Rank.R3>([1, batch, channels]);
        const step = stack.run(before, 1, pass, { initial: now });
        now = step.states;
        outputs.push(read(step.outputs, pass));
      }
      return tf.concat(outputs);
    },
  };
}
