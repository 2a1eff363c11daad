import * as tf from '@tensorflow/tfjs-core';
import type { Features } from '../../checkpoints/feature-store.js';
import type { Config } from '../../config/schema.js';
import { randomStream } from '../../engine/random.js';
import type { Proposal } from '../../evaluation/suppression/soft-nms.js';
import { Parameters } from '../../models/parameters.js';
import { concatenated } from '../../system/concatenated.js';
import { segmentLayers, type SegmentLayers } from './segment-layers.js';
import { spanBins, type SegmentSpan } from './segment-spans.js';

/** A softmax over one vector of a segment, which tells the class of proposals. */
export interface SegmentClassifier {
  classes: readonly string[];
  layers: SegmentLayers;
  parameters: Parameters;
}

/** Makes a classifier of segments with random parameters, for features of C = `channels` channels. */
export function freshSegmentClassifier(
  { seed, segments }: Pick<Config, 'seed' | 'segments'>,
  channels: number,
  classes: readonly string[],
): SegmentClassifier {
  const layers = segmentLayers(segments, channels, classes.length);
  const parameters = new Parameters(layers.parameters, randomStream(seed, 'head', 'classifier'));
  return { classes, layers, parameters };
}

/** Gives each proposal its `count` most likely labels, each with the score proposal × label. */
export function ownLabels(
  segments: SegmentClassifier,
  features: Features,
  kept: readonly Proposal[],
  count: number,
): (Proposal & { label: string })[] {
  const { classes } = segments;
  const likelihoods = spanLikelihoods(segments, features, kept);
  return kept.flatMap(({ score, ...span }, i) => {
    const ranked = classes
      .map((label, k) => ({ label, likelihood: likelihoods[i * classes.length + k]! }))
      .sort((a, b) => b.likelihood - a.likelihood);
    return ranked.slice(0, count).map(({ label, likelihood }) => ({ ...span, label, score: score * likelihood }));
  });
}

/** Multiplies the score of each labelled proposal by the likelihood of its label; the best come first. */
export function rescored<T extends Proposal & { label: string }>(
  segments: SegmentClassifier,
  features: Features,
  labelled: readonly T[],
): T[] {
  const { classes } = segments;
  const likelihoods = spanLikelihoods(segments, features, labelled);
  return labelled
    .map((proposal, i) => ({
      ...proposal,
      score: proposal.score * likelihoods[i * classes.length + classes.indexOf(proposal.label)]!,
    }))
    .sort((a, b) => b.score - a.score);
}

/** Class probabilities of proposals, `[N · K]`. */
function spanLikelihoods(
  segments: SegmentClassifier,
  features: Features,
  proposals: readonly Proposal[],
): Float32Array {
  const { aggregator, bins } = segments.layers;
  const numbers = aggregator && Math.max(bins * features.shape[1], aggregator.channels);
  const spans = proposals.map(({ start, end }): SegmentSpan => [start, end]);
  const atOnce = numbers === null ? spans.length : Math.max(1, Math.floor(numbersAtOnce / numbers));
  const likelihoods: Float32Array[] = [];
  for (let from = 0; from < spans.length; from += atOnce)
    likelihoods.push(someLikelihoods(segments, features, spans.slice(from, from + atOnce)));
  return concatenated(likelihoods);
}

/**
 * Numbers that an aggregator takes, or makes, of proposals at once. Its results are long and proposals are many:
 * together, those of a video may not fit into memory.
 */
const numbersAtOnce = 2 ** 22;

function someLikelihoods(
  { layers, parameters }: SegmentClassifier,
  features: Features,
  spans: readonly SegmentSpan[],
): Float32Array {
  const [, channels] = features.shape;
  const parts = spans.map((span) => spanBins(features, span, layers.bins));
  const likelihoods = tf.tidy(() => {
    const x = tf.tensor3d(concatenated(parts), [spans.length, layers.bins, channels]);
    return tf.softmax(layers.logits(x, { parameters, normalization: 'running' }));
  });
  const values = likelihoods.dataSync<'float32'>();
  likelihoods.dispose();
  return values;
}
