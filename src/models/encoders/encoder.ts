import * as tf from '@tensorflow/tfjs-core';
import type { Layer, Pass } from '../layers/layer.js';
import type { ParameterSpec } from '../parameters.js';

/** A video encoder: frames of snippets in, one feature vector a snippet out. */
export interface Encoder {
  parameters: ParameterSpec[];
  /** Features a snippet, C. */
  channels: number;
  /** x `[B, L, F, H, W, 3]`, RGB 0..255 → `[B, L, C]`. */
  encode(x: tf.Tensor, pass: Pass): tf.Tensor3D;
}

/** How RGB 0..255 becomes the network's input: (x - mean) / deviation, per channel. */
export interface InputScaling {
  mean: [number, number, number];
  deviation: [number, number, number];
}

/** ImageNet's, as torchvision counts it, in units of 0..255. */
export const imagenetScaling: InputScaling = {
  mean: [0.485 * 255, 0.456 * 255, 0.406 * 255],
  deviation: [0.229 * 255, 0.224 * 255, 0.225 * 255],
};

/** Of Kinetics, as torchvision's video networks take it, in units of 0..255. */
export const kineticsScaling: InputScaling = {
  mean: [0.43216 * 255, 0.394666 * 255, 0.37645 * 255],
  deviation: [0.22803 * 255, 0.22145 * 255, 0.216989 * 255],
};

/** To -1..1, as Keras' MobileNets take it. */
export const unitScaling: InputScaling = { mean: [127.5, 127.5, 127.5], deviation: [127.5, 127.5, 127.5] };

/** Frames `[…, H, W, 3]`, RGB 0..255, as images `[N, H, W, 3]` in the network's units. */
export function scaled(x: tf.Tensor, { mean, deviation }: InputScaling): tf.Tensor4D {
  const [height, width] = x.shape.slice(-3) as [number, number, number];
  return tf.div(tf.sub(tf.reshape(x, [-1, height, width, 3]), mean), deviation);
}

/**
 * An encoder from a frame network (`[N, H, W, 3]` → `[N, h, w, C]`): global average pool of each frame, then the mean
 * of a snippet's frames (LoFi §3; TSM's consensus).
 */
export function frameEncoder(network: Layer, channels: number, scaling: InputScaling): Encoder {
  return {
    parameters: network.parameters,
    channels,
    encode(x, pass) {
      const [batch, snippets, frames] = x.shape as [number, number, number];
      const pooled = tf.mean(network.apply(scaled(x, scaling), { ...pass, frames }), [1, 2]);
      return tf.mean<tf.Tensor3D>(tf.reshape(pooled, [batch, snippets, frames, channels]), 2);
    },
  };
}
