import * as tf from '@tensorflow/tfjs-core';
import type { Config } from '../../src/config/schema.js';
import { randomStream } from '../../src/engine/random.js';
import { buildEncoder } from '../../src/models/encoders/encoder-catalogue.js';
import { Parameters } from '../../src/models/parameters.js';
import { median } from '../bench/figures.js';

/** Seconds that the encoder of a run takes for the frames of one clip, one clip at a time: the median of 20 passes. */
export function secondsOfClip({ encoder: keys, pretrain: { size } }: Config): number {
  const encoder = buildEncoder(keys);
  const parameters = new Parameters(encoder.parameters, randomStream(0));
  const clip = tf.randomUniform([1, 1, keys.frames, size, size, 3], 0, 255, 'float32', 1);
  const seconds = Array.from({ length: 25 }, () => {
    const begin = performance.now();
    const features = encoder.encode(clip, { parameters, normalization: 'running' });
    features.dataSync();
    features.dispose();
    return (performance.now() - begin) / 1000;
  });
  clip.dispose();
  parameters.dispose();
  // The first passes warm up.
  return Number(median(seconds.slice(5)).toPrecision(3));
}
