import * as tf from '@tensorflow/tfjs-core';
import type { Gradients } from '../units/unit.js';
import type { Encoder } from './encoder.js';

/**
 * An encoder whose recorded pass takes no more memory than that of `chunk` snippets: they are encoded in chunks of which nothing is kept, and
 * once the gradient of the features is known, chunk by chunk again. Snippets depend on each other by batch statistics alone, so the
 * gradients are the same where the normalisation is `running`; where it is `batch`, statistics are those of each chunk. A third more compute.
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
      const parts = starts.map((start) => {
        const some = part(frames, start);
        const features = encoder.encode(some, pass);
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
            // The statistics were handed out in the first pass.
            const record = encoder.record(part(frames, start), { ...pass, onStatistics: undefined });
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

/** Consumes both. */
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
