import type * as tf from '@tensorflow/tfjs-core';

/** The weights of an LSTM layer of H units, or their gradients. Gates stand in the order i, f, a, o. */
export interface PeepholeLstmWeights {
  /** `[I, 4H]`; null for a layer without input. */
  input: tf.Tensor2D | null;
  /** `[H, 4H]`. */
  recurrent: tf.Tensor2D;
  /** `[4H]`. */
  bias: tf.Tensor1D;
  /** `[3, H]`: how i and f see the cell before the step, and o the cell after it; null: they do not. */
  peepholes: tf.Tensor2D | null;
}

/** The state of an LSTM layer between two steps. */
export interface LstmState {
  /** Output `[B, H]`. */
  h: tf.Tensor2D;
  /** Cell `[B, H]`. */
  c: tf.Tensor2D;
}

/** The outputs and cells of a layer at all steps, both `[T, B, H]`: all that is kept between forward and backward. */
export interface LstmHistory {
  outputs: tf.Tensor3D;
  cells: tf.Tensor3D;
}
