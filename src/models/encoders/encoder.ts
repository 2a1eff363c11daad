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

/** Whether frames of a snippet see each other (TSM §4.1), and how many there are. */
export interface Shift {
  /** Frames a snippet, F. */
  frames: number;
  /** 1/div of the channels looks ahead, 1/div back; 0: no shift (the plain 2-D network). */
  div: number;
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

/** To -1..1, as Keras' MobileNets take it. */
export const unitScaling: InputScaling = { mean: [127.5, 127.5, 127.5], deviation: [127.5, 127.5, 127.5] };

/**
 * An encoder from a frame network (`[N, H, W, 3]` → `[N, h, w, C]`): global average pool of each frame, then the mean
 * of a snippet's frames (LoFi §3; TSM's consensus).
 */
export function frameEncoder(network: Layer, channels: number, scaling: InputScaling): Encoder {
  return {
    parameters: network.parameters,
    channels,
    encode(x, pass) {
      const [batch, snippets, frames, height, width] = x.shape as [number, number, number, number, number];
      const images = tf.reshape<tf.Rank.R4>(x, [batch * snippets * frames, height, width, 3]);
      const input = tf.div<tf.Tensor4D>(tf.sub(images, scaling.mean), scaling.deviation);
      const pooled = tf.mean(network.apply(input, pass), [1, 2]);
      return tf.mean<tf.Tensor3D>(tf.reshape(pooled, [batch, snippets, frames, channels]), 2);
    },
  };
}
