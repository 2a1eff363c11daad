import * as tf from '@tensorflow/tfjs-core';
import type { Pass } from '../layers/layer.js';
import type { Gradients } from '../units/unit.js';
import type { Encoder } from './encoder.js';

/**
 * Wraps an encoder so that its recorded pass keeps the activations of `chunk` snippets, however many there are. The
 * forward pass encodes chunk by chunk and keeps nothing; the backward pass records and differentiates each chunk
 * again, which costs a third more compute. Snippets depend on each other only through batch statistics, so gradients
 * are the same where the normalisation is `running`; where it is `batch`, each chunk has statistics of its own.
 */
export function chunked(encoder: Encoder, chunk: number): Encoder {
  const { channels } = encoder;
  return {
    ...encoder,
    record(x, pass) {
      const [batch, length, ...snippet] = x.shape as [number, number, ...number[]];
      const snippets = batch * length;
      const frames = tf.reshape(x, [1, snippets, ...snippet]);
      x.dispose();
      const starts = Array.from({ length: Math.ceil(snippets / chunk) }, (_, i) => i * chunk);
      const part = <T extends tf.Tensor>(of: T, start: number) =>
        tf.slice(of, [0, start], [1, Math.min(chunk, snippets - start)]);
      // Each chunk drops values of its own, and the same ones when it is recorded again.
      const passOf = (start: number): Pass =>
        pass.dropoutSeed === undefined ? pass : { ...pass, dropoutSeed: pass.dropoutSeed + start };
      const parts = starts.map((start) => {
        const some = part(frames, start);
        const features = encoder.encode(some, passOf(start));
        some.dispose();
        return features;
      });
      const features = tf.tidy(() => tf.reshape<tf.Rank.R3>(tf.concat(parts, 1), [batch, length, channels]));
      tf.dispose(parts);
      return {
        features,
        backward(dFeatures) {
          const d = tf.reshape<tf.Rank.R3>(dFeatures, [1, snippets, channels]);
          let sum: Gradients = new Map();
          for (const start of starts) {
            // The first pass has already handed the statistics out.
            const record = encoder.record(part(frames, start), { ...passOf(start), onStatistics: undefined });
            const dPart = part(d, start);
            sum = added(sum, record.backward(dPart));
            tf.dispose(dPart);
            record.dispose();
          }
          d.dispose();
          return sum;
        },
        dispose() {
          tf.dispose([frames, features]);
        },
      };
    },
  };
}

/** Adds gradients to the sums so far. Disposes of both. */
function added(sum: Gradients, gradients: Gradients): Gradients {
  return new Map(
    [...gradients].map(([name, gradient]) => {
      const before = sum.get(name);
      if (!before) return [name, gradient];
      const after = tf.add(before, gradient);
      tf.dispose([before, gradient]);
      return [name, after];
    }),
  );
}
