import * as tf from '@tensorflow/tfjs-core';
import { glyphDigits } from '../../../src/data/synth/digits/digit-images.js';
import { MovingDigits } from '../../../src/data/synth/digits/moving-digits.js';
import { randomStream } from '../../../src/engine/random.js';
import type { Pass } from '../../../src/models/layers/layer.js';
import { Parameters } from '../../../src/models/parameters.js';
import {
  SequenceAutoencoder,
  type SequenceAutoencoderOptions,
} from '../../../src/models/sequence/sequence-autoencoder.js';
import { clipByGlobalNorm, disposeGradients, lossAndGradients } from '../../../src/train/gradients.js';
import { adam } from '../../../src/train/optimizers/optimizers.js';
import { uniformRules } from '../../../src/train/optimizers/parameter-rules.js';

/** The losses of one model on held-out videos, in nats a frame: what it reconstructs and predicts. */
export interface DigitsResult {
  readonly arm: string;
  readonly seed: number;
  /** Of the past, by true frames where the decoder is conditional; null for a model that does not reconstruct. */
  readonly reconstruction: number | null;
  /** Of the past by the decoder's own frames, for conditional decoders. */
  readonly reconstruction_free?: number;
  /** Of the future, by the decoder's own frames; null for a model that does not predict. */
  readonly future: number | null;
  /** Of the future by true frames, for conditional decoders. */
  readonly future_forced?: number;
}

/** Side of the frames, frames of the past, and as many of the future. */
export const [canvas, past, future] = [16, 6, 6] as const;

/** How much is trained and tested. */
export interface DigitsEffort {
  units: number;
  steps: number;
  tested: number;
}

export const usualEffort: DigitsEffort = { units: 192, steps: 3000, tested: 500 };

const [batch, rate, clipNorm] = [64, 2e-3, 5];

/** The arms that learn. */
export const arms: Readonly<Record<string, Pick<SequenceAutoencoderOptions, 'model' | 'conditional'>>> = {
  autoencoder: { model: 'autoencoder', conditional: false },
  future: { model: 'future', conditional: false },
  composite: { model: 'composite', conditional: false },
  'conditional composite': { model: 'composite', conditional: true },
};

/** What is trained, and what it is tested on. */
export interface TrainedDigits {
  arm: string;
  model: SequenceAutoencoder;
  pass: Pass;
  /** `[past + future, tested, canvas²]`. */
  videos: tf.Tensor3D;
}

/**
 * Trains every arm for every seed, and measures the losses on held-out videos.
 *
 * @param onModel - Sees each trained model before it is freed.
 */
export function studyDigits(
  seeds: readonly number[],
  effort: DigitsEffort = usualEffort,
  onProgress: (done: string) => void = () => undefined,
  onModel: (trained: TrainedDigits, seed: number) => void = () => undefined,
): DigitsResult[] {
  return seeds.flatMap((seed) => {
    const videos = digitVideos(seed, 'validation', 0, effort.tested);
    const results: DigitsResult[] = [{ arm: 'mean frame', seed, ...meanFrameLosses(seed, videos) }];
    for (const arm of Object.keys(arms)) {
      const { model, parameters } = trained(arm, seed, effort, (done) => {
        onProgress(`seed ${seed}, ${arm}: ${done}`);
      });
      const pass: Pass = { parameters, normalization: 'running' };
      const found = losses(arm, { arm, model, pass, videos });
      onProgress(`seed ${seed}, ${arm}: ${JSON.stringify(found)}`);
      results.push({ arm, seed, ...found });
      onModel({ arm, model, pass, videos }, seed);
      parameters.dispose();
    }
    videos.dispose();
    return results;
  });
}

/** Videos of one glyph that moves by a tenth of its way a frame. */
function digitVideos(seed: number, part: 'train' | 'validation', from: number, count: number): tf.Tensor3D {
  const digits = new MovingDigits({ digits: glyphDigits(7), canvas, count: 1, step: 0.1, seed, part });
  return tf.tensor3d(digits.videos(from, count, past + future), [past + future, count, canvas * canvas]);
}

/** The losses of the mean of 2,000 training frames, which knows nothing of a video. */
function meanFrameLosses(seed: number, videos: tf.Tensor3D): { reconstruction: number; future: number } {
  return tf.tidy(() => {
    const mean = tf.clipByValue(tf.mean(digitVideos(seed, 'train', 0, 2000), [0, 1]), 1e-6, 1 - 1e-6);
    const on = tf.mul(videos, tf.log(mean));
    const off = tf.mul(tf.sub(1, videos), tf.log(tf.sub(1, mean)));
    const frames = tf.neg(tf.mean(tf.sum(tf.add(on, off), 2), 1)).dataSync<'float32'>();
    const average = (of: Float32Array) => of.reduce((sum, loss) => sum + loss, 0) / of.length;
    return { reconstruction: average(frames.subarray(0, past)), future: average(frames.subarray(past)) };
  });
}

function trained(arm: string, seed: number, { units, steps }: DigitsEffort, onProgress: (done: string) => void) {
  const model = new SequenceAutoencoder({
    ...arms[arm]!,
    copyInitState: false,
    values: 'binary',
    channels: canvas * canvas,
    units,
    layers: 1,
  });
  const parameters = new Parameters(model.parameters, randomStream(seed, 'moving digits', arm, 'parameters'));
  const pass: Pass = { parameters, normalization: 'running' };
  const optimizer = adam(parameters, uniformRules(parameters.specs, 0));
  for (let step = 0; step < steps; step++) {
    const videos = digitVideos(seed, 'train', step * batch, batch);
    const found = lossAndGradients(() => model.loss(videos, past, pass), new Map([['model', parameters]]));
    const gradients = clipByGlobalNorm(found.gradients, clipNorm);
    optimizer.step(gradients.get('model')!, rate);
    disposeGradients(gradients);
    videos.dispose();
    if ((step + 1) % 500 === 0) onProgress(`step ${step + 1}, ${found.total.toFixed(1)} nats`);
  }
  optimizer.dispose();
  return { model, parameters };
}

function losses(arm: string, { model, pass, videos }: TrainedDigits): Omit<DigitsResult, 'arm' | 'seed'> {
  const by = (unrolling: 'forced' | 'free') =>
    tf.tidy(() => {
      const { terms } = model.loss(videos, past, pass, unrolling);
      return Object.fromEntries(Object.entries(terms).map(([name, term]) => [name, term.dataSync()[0]!]));
    });
  const [forced, free] = [by('forced'), by('free')];
  return {
    reconstruction: forced['reconstruction'] ?? null,
    future: free['future'] ?? null,
    ...(arms[arm]!.conditional && {
      reconstruction_free: free['reconstruction']!,
      future_forced: forced['future']!,
    }),
  };
}
