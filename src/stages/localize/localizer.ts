import * as tf from '@tensorflow/tfjs-core';
import { captured } from '../../engine/capture/capture.js';
import type { Features } from '../../checkpoints/feature-store.js';
import type { Config } from '../../config/schema.js';
import { classifiesSegments } from '../../config/stages.js';
import { randomStream } from '../../engine/random.js';
import { classWise } from '../../evaluation/suppression/class-wise.js';
import { externalLabels, type ClassScore } from '../../evaluation/external-labels.js';
import { softNms, type Proposal } from '../../evaluation/suppression/soft-nms.js';
import type { Detection } from '../../evaluation/types.js';
import { buildHead } from '../../models/heads/head-catalogue.js';
import type { Head, HeadProposal } from '../../models/heads/head.js';
import { fromWindow, validSnippets, windowFeatures, windowsOver } from '../../models/heads/windows.js';
import { Parameters } from '../../models/parameters.js';
import { disposeModelParts } from '../../models/parts.js';
import { ownProposals } from './long-video.js';
import { freshSegmentClassifier, ownLabels, rescored, type SegmentClassifier } from '../segments/segment-classifier.js';

/** Finds and labels actions in a video's features. Disposing of it frees its parameters and the head's constants. */
export interface Localizer extends Disposable {
  classes: readonly string[];
  head: Head;
  /** The parameters; `classifier` is that of segments, where there is one. */
  parts: { head: Parameters; classifier?: Parameters };
  /** Snippets that the head sees at once; null: the whole video. */
  window: number | null;
  /** Tells the classes of proposals; null where the head alone does. */
  segments: SegmentClassifier | null;
}

/** Makes a localizer with random parameters for features of C = `channels` channels. */
export function freshLocalizer(config: Config, channels: number, classes: readonly string[]): Localizer {
  const head = buildHead(config.model, channels, classes.length);
  const headParameters = new Parameters(head.parameters, randomStream(config.seed, 'head', 'head'));
  const segments = classifiesSegments(config) ? freshSegmentClassifier(config, channels, classes) : null;
  const parts = { head: headParameters, ...(segments && { classifier: segments.parameters }) };
  return {
    classes,
    head,
    parts,
    window: config.model.window?.snippets ?? null,
    segments,
    [Symbol.dispose]() {
      head[Symbol.dispose]();
      disposeModelParts(parts);
    },
  };
}

/**
 * Detects actions in one video from its features (docs/method.md §7.8, §7.9; pyramid: §8.5): proposals are thinned by
 * Soft-NMS; each then gets its own label, or its most likely labels with the score proposal × label. The scores of
 * labels come from `scores` of the whole video, or else from the classifier of segments.
 *
 * @param seconds - Gives the second at which a fraction of the video's snippets lies.
 * @returns Detections with times in seconds.
 */
export function localize(
  localizer: Localizer,
  features: Features,
  seconds: (fraction: number) => number,
  options: Config['detect'],
  scores?: readonly ClassScore[],
): Detection[] {
  const found = videoProposals(localizer, features, options);
  const labelled = scores
    ? externalLabels(thin(localizer, found.map(unlabelled), options), scores, options.classes)
    : named(localizer, features, thin(localizer, found, options), options.classes);
  return labelled.map(({ label, score, start, end }) => ({
    label,
    score,
    segment: [seconds(start), seconds(end)],
  }));
}

const unlabelled = (proposal: HeadProposal): HeadProposal => ({ ...proposal, label: null });

/** The proposals of all windows of a video, as fractions of the video. */
function videoProposals(localizer: Localizer, features: Features, options: Config['detect']): HeadProposal[] {
  const { head, window: size } = localizer;
  const [total, channels] = features.shape;
  const windows = windowsOver(total, size);
  return windows.flatMap((window) => {
    const data = windowFeatures(features, window);
    const shape = [window.snippets, channels] as const;
    const all = windowProposals(localizer, { data, shape }, validSnippets(window, total), options);
    if (head.labels) return ownProposals(all, window, { snippets: total, windows }).map((own) => partOf(own, total));
    // As in G-TAD's code, each window is thinned first, even if it is the only one.
    return fromWindow(size === null ? all : thin(localizer, all, options), window, total);
  });
}

function partOf({ start, end, ...rest }: HeadProposal, total: number): HeadProposal {
  return { start: Math.max(0, start / total), end: Math.min(1, end / total), ...rest };
}

/**
 * The head's proposals in one window, as fractions of the window.
 *
 * @param features - Features of the window, `[T, C]`.
 * @param valid - Number of rows that are video; the rest is padding.
 */
export function windowProposals(
  { head, parts: { head: parameters } }: Localizer,
  { data, shape: [snippets, channels] }: Features,
  valid: number,
  { peaks, minScore }: Config['detect'],
): HeadProposal[] {
  const x = tf.tensor3d(data, [1, snippets, channels]);
  const found = captured('proposals', () =>
    head.propose(x, valid, { parameters, normalization: 'running' }, { peaks, minScore, candidates }),
  );
  x.dispose();
  return found;
}

/** Number of best proposals of a window that Soft-NMS chooses from (ActionFormer's pre_nms_topk). */
const candidates = 2000;

/** Thins proposals by Soft-NMS, class by class where the head gives labels. */
export function thin(
  { head }: Localizer,
  proposals: readonly HeadProposal[],
  options: Config['detect'],
): HeadProposal[] {
  const { softNmsSigma: sigma, keep, minScore, voting } = options;
  return head.labels ? classWise(proposals, { sigma, keep, minScore, voting }) : softNms(proposals, { sigma, keep });
}

/**
 * Proposals with the names of their labels. Where the head gives no labels, each proposal gets the `count` labels that
 * are most likely by the classifier of segments. Where it does and there is such a classifier, this changes the scores.
 */
export function named(
  { classes, head, segments }: Localizer,
  features: Features,
  kept: readonly HeadProposal[],
  count: number,
): (Proposal & { label: string })[] {
  if (segments && !head.labels) return ownLabels(segments, features, kept, count);
  const labelled = kept.map(({ label, ...proposal }) => ({ ...proposal, label: classes[label!]! }));
  return segments ? rescored(segments, features, labelled) : labelled;
}
