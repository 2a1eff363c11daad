import * as tf from '@tensorflow/tfjs-core';
import type { Features } from '../../checkpoints/feature-store.js';
import type { Config } from '../../config/schema.js';
import { randomStream } from '../../engine/random.js';
import type { Proposal } from '../../evaluation/suppression/soft-nms.js';
import { Classifier } from '../../models/classifier.js';
import { Parameters } from '../../models/parameters.js';
import { concatenated } from '../../system/concatenated.js';

/** A softmax over the mean feature of a segment, which labels the proposals of a head that gives no labels. */
export interface SegmentClassifier {
  classes: readonly string[];
  classifier: Classifier;
  parameters: Parameters;
}

/** Makes a classifier of segments with random parameters, for features of C = `channels` channels. */
export function freshSegmentClassifier(
  { seed }: Pick<Config, 'seed'>,
  channels: number,
  classes: readonly string[],
): SegmentClassifier {
  const classifier = segmentLayers(channels, classes.length);
  const parameters = new Parameters(classifier.parameters, randomStream(seed, 'head', 'classifier'));
  return { classes, classifier, parameters };
}

/** The layers of a classifier of segments. They hold no tensors. */
export function segmentLayers(channels: number, classes: number): Classifier {
  return new Classifier(channels, classes, 0.01);
}

/** A span of a video or of a window, as fractions of it. */
export type SegmentSpan = readonly [start: number, end: number];

/** Gives each proposal its `count` most likely labels, each with the score proposal × label. */
export function ownLabels(
  segments: SegmentClassifier,
  features: Features,
  kept: readonly Proposal[],
  count: number,
): (Proposal & { label: string })[] {
  if (kept.length === 0) return [];
  const { classes } = segments;
  const spans = kept.map(({ start, end }): SegmentSpan => [start, end]);
  const likelihoods = spanLikelihoods(segments, features, spans);
  return kept.flatMap(({ score, ...span }, i) => {
    const ranked = classes
      .map((label, k) => ({ label, likelihood: likelihoods[i * classes.length + k]! }))
      .sort((a, b) => b.likelihood - a.likelihood);
    return ranked.slice(0, count).map(({ label, likelihood }) => ({ ...span, label, score: score * likelihood }));
  });
}

/** Class probabilities of spans, `[N · K]`. */
function spanLikelihoods(
  { classifier, parameters }: SegmentClassifier,
  features: Features,
  spans: readonly SegmentSpan[],
): Float32Array {
  const [, channels] = features.shape;
  const pooled = spans.map((span) => poolSpan(features, span));
  const likelihoods = tf.tidy(() => {
    const x = tf.tensor2d(concatenated(pooled), [spans.length, channels]);
    return tf.softmax(classifier.logits(x, { parameters, normalization: 'running' }));
  });
  const values = likelihoods.dataSync<'float32'>();
  likelihoods.dispose();
  return values;
}

/** The mean feature `[C]` of a span. Each snippet is weighted by the part of it that the span covers. */
export function poolSpan({ data, shape: [snippets, channels] }: Features, [start, end]: SegmentSpan): Float32Array {
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

/** Sets the classifier's `mean` and `deviation` to those of all training snippets. */
export function standardize(parameters: Parameters, features: readonly Features[]): void {
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
