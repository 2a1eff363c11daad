import * as tf from '@tensorflow/tfjs-core';
import { assignValues, recordAggregate, type Sequences } from '../aggregators/aggregate.js';
import type { Aggregator } from '../aggregators/aggregator.js';
import type { Pass } from '../layers/layer.js';
import type { Encoder } from './encoder.js';

/**
 * Makes the feature of a snippet by an aggregator of its frames' features, instead of by their mean. The aggregator's
 * parameters are among the encoder's, and are trained with them.
 */
export function aggregated(encoder: Encoder, aggregator: Aggregator): Encoder {
  const { channels } = encoder;

  /** Features of frames `[B, L·T, C]` as sequences `[B·L, T, C]`. */
  function sequencesOf(frames: tf.Tensor3D, snippets: number): Sequences {
    const steps = frames.size / (snippets * channels);
    return { x: tf.reshape<tf.Rank.R3>(frames, [snippets, steps, channels]), valid: Array(snippets).fill(steps) };
  }

  /** Aggregates features of frames, which stay the caller's: features `[B, L, D']`, and the way back. */
  function record(frames: tf.Tensor3D, [batch, snippets]: readonly number[], pass: Pass) {
    const sequences = sequencesOf(frames, batch! * snippets!);
    let found;
    try {
      found = recordAggregate(aggregator, sequences, pass.parameters);
    } finally {
      sequences.x.dispose();
    }
    const features = tf.reshape<tf.Rank.R3>(found.value, [batch!, snippets!, aggregator.channels]);
    found.value.dispose();
    return { features, backward: (d: tf.Tensor2D) => found.backward(d) };
  }

  return {
    parameters: [...encoder.parameters, ...aggregator.parameters],
    channels: aggregator.channels,
    ...(aggregator.fit && {
      codebook: {
        sample: (x, pass) =>
          tf.tidy(() => tf.reshape<tf.Rank.R2>(encoder.encode(x, { ...pass, eachFrame: true }), [-1, channels])),
        fit(sample, random, parameters) {
          assignValues(aggregator, aggregator.fit!(sample, random), parameters);
        },
      },
    }),
    encode(x, pass) {
      const frames = encoder.encode(x, { ...pass, eachFrame: true });
      try {
        return record(frames, x.shape, pass).features;
      } finally {
        frames.dispose();
      }
    },
    record(x, pass) {
      const { shape } = x;
      const recorded = encoder.record(x, { ...pass, eachFrame: true });
      const frames = recorded.features;
      try {
        const { features, backward } = record(frames, shape, pass);
        return {
          features,
          backward(dFeatures) {
            const d = tf.reshape<tf.Rank.R2>(dFeatures, [-1, aggregator.channels]);
            const { dx, gradients } = backward(d);
            const dFrames = tf.reshape<tf.Rank.R3>(dx, frames.shape);
            tf.dispose([d, dx]);
            const all = new Map([...recorded.backward(dFrames), ...gradients]);
            dFrames.dispose();
            return all;
          },
          dispose() {
            features.dispose();
            recorded.dispose();
          },
        };
      } catch (error) {
        recorded.dispose();
        throw error;
      }
    },
  };
}
