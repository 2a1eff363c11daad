import type { Features } from '../../checkpoints/feature-store.js';
import type { Config } from '../../config/schema.js';
import { randomStream } from '../../engine/random.js';
import type { Proposal } from '../../evaluation/suppression/soft-nms.js';
import { Parameters } from '../../models/parameters.js';
import type { SegmentLayers } from './segment-layers.js';
import { segmentLayersOf } from './segment-layers-of.js';
import type { SegmentSpan } from './segment-spans.js';

/** What tells the class of proposals from the features inside them. */
export interface SegmentClassifier {
  classes: readonly string[];
  layers: SegmentLayers;
  parameters: Parameters;
}

/** Makes a classifier of segments with random parameters, for features of C = `channels` channels. */
export function freshSegmentClassifier(
  config: Pick<Config, 'seed' | 'segments' | 'model'>,
  channels: number,
  classes: readonly string[],
): SegmentClassifier {
  const layers = segmentLayersOf(config, channels, classes.length);
  const parameters = new Parameters(layers.parameters, randomStream(config.seed, 'head', 'classifier'));
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
  { layers, parameters }: SegmentClassifier,
  features: Features,
  proposals: readonly Proposal[],
): Float32Array {
  const spans = proposals.map(({ start, end }): SegmentSpan => [start, end]);
  return layers.likelihoods(features, spans, parameters);
}
