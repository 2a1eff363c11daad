import * as tf from '@tensorflow/tfjs-core';
import { withKernels } from '../../engine/kernels/choose.js';
import type { Held, Kernels } from '../../engine/kernels/kernels.js';
import type { Random } from '../../engine/random.js';
import type { FeatureRows } from '../aggregators/aggregator.js';
import type { Pass } from '../layers/layer.js';
import type { Parameters, ParameterSpec } from '../parameters.js';
import { consumed, recordUnits, runUnits, type Gradients, type Unit } from '../units/unit.js';

/** A video encoder: frames of snippets go in, one feature vector of each snippet comes out. */
export interface Encoder {
  parameters: ParameterSpec[];
  /** Channels of the features, C. */
  channels: number;
  /** Its codebook, where its aggregator has one. */
  codebook?: Codebook;
  /**
   * Encodes x `[B, L, F, H, W, 3]`, RGB 0..255 → `[B, L, C]`. Nothing is kept for a
   * backward pass or recorded on a tape.
   */
  encode(x: tf.Tensor, pass: Pass): tf.Tensor3D;
  /**
   * Encodes like `encode` and keeps what the backward pass needs. Disposes of x. Must not be called inside `tf.tidy`.
   */
  record(x: tf.Tensor, pass: Pass): EncoderRecord;
}

/** A codebook, which is fitted to features of frames before an encoder is trained. */
export interface Codebook {
  /** Features of the frames of x `[B, L, F, H, W, 3]` as the codebook sees them, `[N, C]`. */
  sample(x: tf.Tensor, pass: Pass): tf.Tensor2D;
  /** Sets the codebook by a sample of features. `random` draws where the search begins. */
  fit(sample: FeatureRows, random: Random, parameters: Parameters): void;
}

/** One recorded pass through an encoder. */
export interface EncoderRecord {
  /** Features `[B, L, C]`; they belong to the record. */
  features: tf.Tensor3D;
  /** Gradients of the trained parameters, given that of the features, which stays the caller's. May be called once. */
  backward(dFeatures: tf.Tensor3D): Gradients;
  /** Frees the features and whatever the backward pass has not freed. */
  dispose(): void;
}

/** How RGB 0..255 becomes the network's input: (x - mean) / deviation, for each channel. */
export interface InputScaling {
  mean: [number, number, number];
  deviation: [number, number, number];
}

/** torchvision's statistics of ImageNet, in units of 0..255. */
export const imagenetScaling: InputScaling = {
  mean: [0.485 * 255, 0.456 * 255, 0.406 * 255],
  deviation: [0.229 * 255, 0.224 * 255, 0.225 * 255],
};

/** torchvision's statistics of Kinetics, which its video networks take, in units of 0..255. */
export const kineticsScaling: InputScaling = {
  mean: [0.43216 * 255, 0.394666 * 255, 0.37645 * 255],
  deviation: [0.22803 * 255, 0.22145 * 255, 0.216989 * 255],
};

/** The scaling of TensorFlow's EfficientNet-Lite. */
export const liteScaling: InputScaling = { mean: [127, 127, 127], deviation: [128, 128, 128] };

/** Scales to -1..1, as Keras' MobileNets take it. */
export const unitScaling: InputScaling = { mean: [127.5, 127.5, 127.5], deviation: [127.5, 127.5, 127.5] };

/**
 * Makes an encoder of units whose maps it averages over a snippet's space and frames (TSM's
 * consensus; docs/method.md §1.1).
 *
 * @param options - `units`: take scaled images `[N, H, W, 3]` → maps `[N, h, w, C]` or, for input `videos`,
 * `[N, F, H, W, 3]` → `[N, F, h, w, C]`. `channels`: C of the last unit.
 */
export function unitEncoder(options: {
  units: readonly Unit[];
  channels: number;
  scaling: InputScaling;
  /** Whether the units take the frames of a snippet one by one or together. */
  input: 'images' | 'videos';
}): Encoder {
  const { units, channels, scaling, input } = options;

  function prepared<T extends Held>(k: Kernels<T>, x: tf.Tensor): T {
    const images = k.scaleImages(x, scaling.mean, scaling.deviation);
    if (input === 'images') return images;
    const [batch, snippets, ...video] = x.shape as [number, number, ...number[]];
    return consumed(images, (y) => k.reshape(y, [batch * snippets, ...video]));
  }

  /** Means of the maps over `count` equal parts of them, `[count, C]`, and how many places of maps a part has. */
  function pooled<T extends Held>(k: Kernels<T>, maps: T, count: number): { y: T; places: number } {
    const places = maps.shape.slice(0, -1).reduce((a, b) => a * b, 1) / count;
    return { y: consumed(k.reshape(maps, [count, places, channels]), k.mean), places };
  }

  /** The number of features that are made of maps: of each snippet, or of each frame of the maps. */
  function featuresIn({ shape }: Held, snippets: number, { eachFrame }: Pass): number {
    if (!eachFrame) return snippets;
    return input === 'images' ? shape[0]! : shape[0]! * shape[1]!;
  }

  const asFeatures = (y: tf.Tensor, batch: number) => {
    const features = tf.reshape<tf.Rank.R3>(y, [batch, -1, channels]);
    y.dispose();
    return features;
  };

  return {
    parameters: units.flatMap((unit) => unit.parameters),
    channels,
    encode(x, pass) {
      const [batch, snippets, frames] = x.shape as [number, number, number];
      return withKernels(pass.precision ?? 'float32', (k) => {
        const maps = consumed(prepared(k, x), (y) => runUnits(units, k, y, { ...pass, frames }));
        const { y } = pooled(k, maps, featuresIn(maps, batch * snippets, pass));
        maps.dispose();
        return asFeatures(k.toTensor(y), batch);
      });
    },
    record(x, pass) {
      const [batch, snippets, frames] = x.shape as [number, number, number];
      return withKernels(pass.precision ?? 'float32', (k) => {
        const images = prepared(k, x);
        x.dispose();
        const record = recordUnits(units, k, images, { ...pass, frames });
        const { shape } = record.output;
        const count = featuresIn(record.output, batch * snippets, pass);
        const { y, places } = pooled(k, record.output, count);
        const features = asFeatures(k.toTensor(y), batch);
        return {
          features,
          backward(dFeatures) {
            const dPooled = consumed(k.vector(dFeatures), (d) => k.reshape(d, [count, channels]));
            const dMaps = consumed(
              consumed(dPooled, (d) => k.meanGradient(d, places)),
              (d) => k.reshape(d, shape),
            );
            return record.backward(dMaps).gradients;
          },
          dispose() {
            features.dispose();
            record.dispose();
            images.dispose();
          },
        };
      });
    },
  };
}
