import * as tf from '@tensorflow/tfjs-core';
import { measured } from '../classifier.js';
import type { Pass } from '../layers/layer.js';
import type { ParameterSpec } from '../parameters.js';

/**
 * Mean and deviation of each channel of features, which an LSTM sees standardised: channels of an encoder differ by
 * orders of magnitude, and a squared error would be that of the largest alone. They are measured before training.
 */
export function perceptScale(channels: number): ParameterSpec[] {
  return [measured('mean', channels, 0), measured('deviation', channels, 1)];
}

/** Features `[…, C]` in deviations from the mean of each channel. */
export function scaledPercepts<T extends tf.Tensor>(x: T, { parameters }: Pass): T {
  return tf.div<T>(tf.sub(x, parameters.get('mean')), parameters.get('deviation'));
}
