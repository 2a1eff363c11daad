import * as tf from '@tensorflow/tfjs-core';
import { prefixedPass, prefixedSpecs } from '../../layers/prefixed.js';
import type { Gradients } from '../../units/unit.js';
import type { Encoder, EncoderRecord } from '../encoder.js';
import type { WindowImages } from './frame-windows.js';

/** A network that sees images of its own, and the name with which the names of its parameters begin. */
export interface Stream {
  name: string;
  encoder: Encoder;
  images: WindowImages;
}

/**
 * An encoder of several networks with parameters of their own (`<stream>.<name>`), each of which sees other images of
 * the same windows of frames. Their features are joined along the channels, in the order of the streams.
 */
export function joinedStreams(streams: readonly Stream[], window: number | null): Encoder {
  const prefix = ({ name }: Stream) => `${name}.`;

  return {
    parameters: streams.flatMap((stream) => prefixedSpecs(stream.encoder.parameters, prefix(stream))),
    channels: streams.reduce((sum, { encoder }) => sum + encoder.channels, 0),
    encode(x, pass) {
      const features: tf.Tensor3D[] = [];
      try {
        for (const stream of streams) {
          const seen = stream.images(x, window);
          try {
            features.push(stream.encoder.encode(seen, prefixedPass(pass, prefix(stream))));
          } finally {
            seen.dispose();
          }
        }
        return tf.concat(features, 2);
      } finally {
        tf.dispose(features);
      }
    },
    record(x, pass) {
      const seen: tf.Tensor[] = [];
      const records: EncoderRecord[] = [];
      try {
        // The frames take more room than the images of all streams, so they go before a network starts.
        try {
          for (const { images } of streams) seen.push(images(x, window));
        } finally {
          x.dispose();
        }
        streams.forEach((stream, i) => {
          records.push(stream.encoder.record(seen[i]!, prefixedPass(pass, prefix(stream))));
        });
        return joinedRecord(streams.map((stream, i) => ({ prefix: prefix(stream), record: records[i]! })));
      } catch (error) {
        for (const record of records) record.dispose();
        tf.dispose(seen);
        throw error;
      }
    },
  };
}

/** The passes of all streams as one. */
function joinedRecord(passes: readonly { prefix: string; record: EncoderRecord }[]): EncoderRecord {
  const parts = passes.map(({ record }) => record.features);
  const channels = parts.map(({ shape }) => shape[2]);
  const features = tf.concat(parts, 2);
  return {
    features,
    backward(dFeatures) {
      const all: Gradients = new Map();
      const dParts = tf.split<tf.Tensor3D>(dFeatures, channels, 2);
      try {
        passes.forEach(({ prefix, record }, i) => {
          for (const [name, gradient] of record.backward(dParts[i]!)) all.set(prefix + name, gradient);
        });
        return all;
      } catch (error) {
        tf.dispose([...all.values()]);
        throw error;
      } finally {
        tf.dispose(dParts);
      }
    },
    dispose() {
      features.dispose();
      for (const { record } of passes) record.dispose();
    },
  };
}
