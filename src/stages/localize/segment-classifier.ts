import * as tf from '@tensorflow/tfjs-core';
import type { Features } from '../../checkpoints/feature-store.js';
import type { Config } from '../../config/schema.js';
import { randomStream } from '../../engine/random.js';
import type { Proposal } from '../../evaluation/suppression/soft-nms.js';
import { Classifier, crossEntropy } from '../../models/classifier.js';
import type { HeadInstance } from '../../models/heads/head.js';
import { Parameters } from '../../models/parameters.js';
import { breathe } from '../../system/signals.js';
import { disposeGradients, lossAndGradients } from '../../train/gradients.js';
import { adam } from '../../train/optimizers/optimizers.js';
import { epochBatches, joinRows } from '../training/batches.js';
import type { Run } from '../run/run.js';

/** A softmax over the mean feature of a segment: names what a head without labels finds. */
export interface SegmentClassifier {
  classes: readonly string[];
  classifier: Classifier;
  parameters: Parameters;
}

/** One with random parameters. */
export function freshSegmentClassifier(
  { seed }: Config,
  channels: number,
  classes: readonly string[],
): SegmentClassifier {
  const classifier = new Classifier(channels, classes.length, 0.01);
  const parameters = new Parameters(classifier.parameters, randomStream(seed, 'head', 'classifier'));
  return { classes, classifier, parameters };
}

/** A segment as fractions of its video, or of a window. */
export type Segment = readonly [start: number, end: number];

/** Proposals under the `count` labels that the classifier finds likeliest, each scored by proposal × label. */
export function ownLabels(
  segments: SegmentClassifier,
  features: Features,
  kept: readonly Proposal[],
  count: number,
): (Proposal & { label: string })[] {
  if (kept.length === 0) return [];
  const { classes } = segments;
  const likelihoods = segmentLikelihoods(
    segments,
    features,
    kept.map((span): Segment => [span.start, span.end]),
  );
  return kept.flatMap(({ score, ...span }, i) => {
    const ranked = classes
      .map((label, k) => ({ label, likelihood: likelihoods[i * classes.length + k]! }))
      .sort((a, b) => b.likelihood - a.likelihood);
    return ranked.slice(0, count).map(({ label, likelihood }) => ({ ...span, label, score: score * likelihood }));
  });
}

/** Class probabilities of segments, `[N · K]`. */
function segmentLikelihoods(
  { classifier, parameters }: SegmentClassifier,
  features: Features,
  segments: readonly Segment[],
): Float32Array {
  const [, channels] = features.shape;
  const pooled = segments.map((segment) => poolSegment(features, segment));
  const likelihoods = tf.tidy(() => {
    const x = tf.tensor2d(joinRows(pooled, channels), [segments.length, channels]);
    return tf.softmax(classifier.logits(x, { parameters, normalization: 'running' }));
  });
  const values = likelihoods.dataSync<'float32'>();
  likelihoods.dispose();
  return values;
}

/** Mean feature of a segment given as fractions of the duration: snippets count by how much of them it covers. */
export function poolSegment({ data, shape: [snippets, channels] }: Features, [start, end]: Segment): Float32Array {
  const pooled = new Float32Array(channels);
  const from = Math.max(0, start * snippets);
  const to = Math.min(snippets, end * snippets);
  let total = 0;
  for (let i = Math.floor(from); i < Math.min(snippets, Math.ceil(to)); i++) {
    const weight = Math.min(to, i + 1) - Math.max(from, i);
    if (weight <= 0) continue;
    total += weight;
    for (let c = 0; c < channels; c++) pooled[c]! += weight * data[i * channels + c]!;
  }
  return total > 0 ? pooled.map((sum) => sum / total) : pooled;
}

/** Trains it on each training instance, its ends jittered; features standardised by training's. Frozen afterwards. */
export async function trainSegmentClassifier(
  { config, stop }: Run,
  { classifier, parameters }: SegmentClassifier,
  videos: readonly { features: Features; instances: readonly HeadInstance[] }[],
): Promise<void> {
  const { epochs, lr, weightDecay, dropout, jitter } = config.head.classifier;
  standardize(
    parameters,
    videos.map(({ features }) => features),
  );
  const samples = videos.flatMap(({ features, instances }) => instances.map((instance) => ({ features, ...instance })));
  const parts = new Map([['classifier', parameters]]);
  const optimizer = adam(
    parameters,
    new Map([
      ['fc.weight', { lr: 1, weightDecay }],
      ['fc.bias', { lr: 1, weightDecay: 0 }],
    ]),
  );
  for (let epoch = 0; epoch < epochs; epoch++) {
    epochBatches(samples, 64, config.seed, 'classifier', epoch).forEach((batch, i) => {
      const random = randomStream(config.seed, 'classifier', 'sample', epoch, i);
      const rows = batch.map(({ features, start, end }) => {
        const room = jitter * (end - start);
        return poolSegment(features, [start + random.between(-room, room), end + random.between(-room, room)]);
      });
      const { gradients } = lossAndGradients(() => {
        const channels = batch[0]!.features.shape[1];
        const x = tf.tensor2d(joinRows(rows, channels), [batch.length, channels]);
        const pass = { parameters, normalization: 'running' as const };
        const logits = classifier.logits(x, pass, dropout, random.below(2 ** 31));
        return {
          total: crossEntropy(
            logits,
            batch.map(({ label }) => label),
          ),
          terms: {},
        };
      }, parts);
      optimizer.step(gradients.get('classifier')!, lr);
      disposeGradients(gradients);
    });
    await breathe(stop);
  }
  optimizer.dispose();
  for (const name of parameters.trainable()) parameters.freeze(name);
}

/** Sets the classifier's `mean` and `deviation` to those of all training snippets. */
function standardize(parameters: Parameters, features: readonly Features[]): void {
  const channels = features[0]!.shape[1];
  const sum = new Float64Array(channels);
  const squares = new Float64Array(channels);
  let count = 0;
  for (const { data, shape } of features) {
    count += shape[0];
    for (let i = 0; i < data.length; i++) {
      sum[i % channels]! += data[i]!;
      squares[i % channels]! += data[i]! ** 2;
    }
  }
  const mean = sum.map((total) => total / count);
  const deviation = squares.map((total, c) => Math.sqrt(Math.max(total / count - mean[c]! ** 2, 1e-8)) + 1e-3);
  parameters.assign('mean', tf.tensor1d(Float32Array.from(mean)));
  parameters.assign('deviation', tf.tensor1d(Float32Array.from(deviation)));
}
