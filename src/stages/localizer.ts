import * as tf from '@tensorflow/tfjs-core';
import type { Config } from '../config/schema.js';
import { randomStream } from '../engine/random.js';
import { externalLabels, type ClassScore } from '../evaluation/external-labels.js';
import { softNms, type Proposal } from '../evaluation/soft-nms.js';
import type { Detection } from '../evaluation/types.js';
import { buildHead } from '../models/build.js';
import { Classifier } from '../models/classifier.js';
import type { GtadHead } from '../models/heads/gtad/gtad.js';
import type { Span } from '../models/heads/gtad/labels.js';
import { proposals } from '../models/heads/gtad/proposals.js';
import { fromWindow, windowFeatures, windowsOver } from '../models/heads/gtad/windows.js';
import { Parameters } from '../models/parameters.js';

/** What finds and names actions in a video's features: the head and the classifier of segments. */
export interface Localizer {
  classes: readonly string[];
  head: GtadHead;
  headParameters: Parameters;
  /** Snippets that the head sees at once; null: the whole video. */
  window: number | null;
  classifier: Classifier;
  classifierParameters: Parameters;
}

/** A localizer with random parameters. */
export function freshLocalizer(config: Config, channels: number, classes: readonly string[]): Localizer {
  const head = buildHead(config.model, channels);
  const classifier = new Classifier(channels, classes.length, 0.01);
  return {
    classes,
    head,
    headParameters: new Parameters(head.parameters, randomStream(config.seed, 'head', 'head')),
    window: config.model.window?.snippets ?? null,
    classifier,
    classifierParameters: new Parameters(classifier.parameters, randomStream(config.seed, 'head', 'classifier')),
  };
}

export function disposeLocalizer({ head, headParameters, classifierParameters }: Localizer): void {
  head.dispose();
  headParameters.dispose();
  classifierParameters.dispose();
}

/** Features of a video, or a window of it, `[L, C]`. */
export interface VideoFeatures {
  data: Float32Array;
  shape: readonly [number, number];
}

/**
 * Detections of one video from its features (§3.8): proposals, Soft-NMS, then each kept proposal under its most likely
 * labels, scored by proposal × label: by `scores` of the whole video, or without them by the classifier of segments. `duration` in seconds.
 */
export function localize(
  localizer: Localizer,
  features: VideoFeatures,
  duration: number,
  options: Config['detect'],
  scores?: readonly ClassScore[],
): Detection[] {
  const kept = keptProposals(localizer, features, options);
  const labelled = scores
    ? externalLabels(kept, scores, options.classes)
    : ownLabels(localizer, features, kept, options.classes);
  return labelled.map(({ label, score, start, end }) => ({
    label,
    score,
    segment: [start * duration, end * duration],
  }));
}

function keptProposals(localizer: Localizer, features: VideoFeatures, options: Config['detect']): Proposal[] {
  const { window: size } = localizer;
  const [total, channels] = features.shape;
  const nms = { sigma: options.softNmsSigma, keep: options.keep };
  const found = windowsOver(total, size).flatMap((window) => {
    const data = windowFeatures(features, window);
    const all = windowProposals(localizer, { data, shape: [window.snippets, channels] }, options);
    // The authors thin windows one by one first, even where there is one only.
    return fromWindow(size === null ? all : softNms(all, nms), window, total);
  });
  return softNms(found, nms);
}

/** What the head proposes in what it sees at once, as fractions of that. */
export function windowProposals(
  { head, headParameters }: Localizer,
  { data, shape: [snippets, channels] }: VideoFeatures,
  options: Config['detect'],
): Proposal[] {
  const [start, end, map] = tf.tidy(() => {
    const x = tf.tensor3d(data, [1, snippets, channels]);
    const output = head.apply(x, { parameters: headParameters, normalization: 'running' });
    return [output.start, output.end, output.map].map((tensor) => tensor.dataSync<'float32'>());
  }) as [Float32Array, Float32Array, Float32Array];
  return proposals({ start, end, map }, head.anchors(snippets), options);
}

/** Proposals under the `count` labels that the run's own classifier finds likeliest, each scored by proposal × label. */
export function ownLabels(
  localizer: Localizer,
  features: VideoFeatures,
  kept: readonly Proposal[],
  count: number,
): (Proposal & { label: string })[] {
  if (kept.length === 0) return [];
  const { classes } = localizer;
  const likelihoods = segmentLikelihoods(
    localizer,
    features,
    kept.map((span): Span => [span.start, span.end]),
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
  { classifier, classifierParameters }: Localizer,
  features: VideoFeatures,
  segments: readonly Span[],
): Float32Array {
  const [, channels] = features.shape;
  const pooled = segments.map((segment) => poolSegment(features, segment));
  const likelihoods = tf.tidy(() => {
    const x = tf.tensor2d(joinRows(pooled, channels), [segments.length, channels]);
    return tf.softmax(classifier.logits(x, { parameters: classifierParameters, normalization: 'running' }));
  });
  const values = likelihoods.dataSync<'float32'>();
  likelihoods.dispose();
  return values;
}

/** Mean feature of a segment given as fractions of the duration: snippets count by how much of them it covers. */
export function poolSegment({ data, shape: [snippets, channels] }: VideoFeatures, [start, end]: Span): Float32Array {
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

/** Rows of C numbers as one array. */
export function joinRows(rows: readonly Float32Array[], channels: number): Float32Array {
  const all = new Float32Array(rows.length * channels);
  rows.forEach((row, i) => {
    all.set(row, i * channels);
  });
  return all;
}
