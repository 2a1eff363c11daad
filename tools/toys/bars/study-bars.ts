import * as tf from '@tensorflow/tfjs-core';
import { fusionKinds, fusionSchema, type FusionKind } from '../../../src/config/sections/classic-keys.js';
import { randomStream } from '../../../src/engine/random.js';
import { Classifier, crossEntropies, meanLoss } from '../../../src/models/classifier.js';
import { heStart, type ClassicSizes } from '../../../src/models/encoders/classic/classic-layers.js';
import type { Encoder } from '../../../src/models/encoders/encoder.js';
import { fusionEncoder, fusionPresets } from '../../../src/models/encoders/fusion.js';
import type { Pass } from '../../../src/models/layers/layer.js';
import { Parameters } from '../../../src/models/parameters.js';
import { Owned } from '../../../src/system/owned.js';
import { disposeGradients, lossAndGradients } from '../../../src/train/gradients.js';
import { adam } from '../../../src/train/optimizers/optimizers.js';
import { uniformRules } from '../../../src/train/optimizers/parameter-rules.js';
import type { ToyResult } from '../common/report.js';
import { barClips, frames, side, type BarClips } from './bar-clips.js';

/** Layers for frames of 16 pixels. */
const sizes: ClassicSizes = {
  channels: [8, 16, 16, 16, 16],
  first: { kernel: 5, stride: 1, padding: 'same' },
  hidden: 32,
  grid: 2,
};

const [clips, batch, steps, rate] = [512, 32, 250, 2e-3];
const tested = 400;

/** The accuracy of each kind of fusion network on test clips, after training on others of the same seed. */
export function studyBars(
  seeds: readonly number[],
  onProgress: (done: string) => void = () => undefined,
  kinds: readonly FusionKind[] = fusionKinds,
): ToyResult[] {
  return seeds.flatMap((seed) => {
    const [train, test] = [barClips(clips, seed, 'train'), barClips(tested, seed, 'test')];
    return kinds.map((arm) => {
      const accuracy = trainedAccuracy(arm, seed, train, test);
      onProgress(`seed ${seed}, ${arm}: ${accuracy.toFixed(3)}`);
      return { arm, seed, accuracy };
    });
  });
}

/** The frames of clips from number `from` to `to` as snippets of one video each, `[n, 1, F, S, S, 3]`. */
function clipTensor(pixels: Float32Array, numbers: readonly number[]): tf.Tensor {
  const size = frames * side * side * 3;
  const all = new Float32Array(numbers.length * size);
  for (const [i, n] of numbers.entries()) all.set(pixels.subarray(n * size, (n + 1) * size), i * size);
  return tf.tensor(all, [numbers.length, 1, frames, side, side, 3]);
}

function trainedAccuracy(kind: FusionKind, seed: number, train: BarClips, test: BarClips): number {
  using owned = new Owned();
  const keys = fusionSchema.parse({ preset: 'mini', kind, dropout: 0.2 });
  const encoder = fusionEncoder(keys, frames, { sizes, start: heStart, scaling: fusionPresets.mini.scaling });
  const classifier = new Classifier(encoder.channels, 2, 0.05);
  const make = (specs: Encoder['parameters'], part: string) =>
    owned.add(new Parameters(specs, randomStream(seed, 'moving bar', kind, part)));
  const parts = {
    encoder: make(encoder.parameters, 'encoder'),
    classifier: make(classifier.parameters, 'classifier'),
  };
  const pass: Pass = { parameters: parts.encoder, normalization: 'running' };
  const logits = (features: tf.Tensor3D) =>
    classifier.logits(tf.reshape(features, [-1, encoder.channels]), {
      parameters: parts.classifier,
      normalization: 'running',
    });
  const optimizers = Object.entries(parts).map(([name, parameters]) => ({
    name,
    optimizer: owned.add(disposable(adam(parameters, uniformRules(parameters.specs, 1e-4)))).value,
  }));
  for (let step = 0; step < steps; step++) {
    const random = randomStream(seed, 'moving bar', kind, 'batch', step);
    const numbers = Array.from({ length: batch }, () => random.below(clips));
    const labels = numbers.map((n) => train.directions[n]!);
    const encoded = encoder.record(clipTensor(train.pixels, numbers), { ...pass, dropoutSeed: random.below(2 ** 31) });
    const { gradients } = lossAndGradients(
      (features) => meanLoss(crossEntropies(logits(features!), labels)),
      new Map(Object.entries(parts)),
      { encoded },
    );
    // The rate falls to 0, so that the last steps settle.
    for (const { name, optimizer } of optimizers) optimizer.step(gradients.get(name)!, rate * (1 - step / steps));
    disposeGradients(gradients);
  }
  return tf.tidy(() => {
    const features = encoder.encode(clipTensor(test.pixels, [...test.directions.keys()]), pass);
    const found = tf.argMax(logits(features), 1).dataSync();
    return test.directions.filter((direction, i) => direction === found[i]).length / tested;
  });
}

function disposable<T extends { dispose(): void }>(value: T) {
  return {
    value,
    [Symbol.dispose]() {
      value.dispose();
    },
  };
}
