import * as tf from '@tensorflow/tfjs-core';
import type { Features } from '../../checkpoints/feature-store.js';
import type { Config } from '../../config/schema.js';
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
import { freshSegmentClassifier, ownLabels, type SegmentClassifier } from '../segments/segment-classifier.js';

/** Finds and names actions in a video's features. Its parameters and the head's constants are freed with it. */
export interface Localizer extends Disposable {
  classes: readonly string[];
  head: Head;
  /** `classifier`: of segments, where the head's proposals bear no labels. */
  parts: { head: Parameters; classifier?: Parameters };
  /** Snippets that the head sees at once; null: the whole video. */
  window: number | null;
  /** Names the proposals; null where the head does. */
  segments: SegmentClassifier | null;
}

/** A localizer with random parameters. */
export function freshLocalizer(config: Config, channels: number, classes: readonly string[]): Localizer {
  const head = buildHead(config.model, channels, classes.length);
  const headParameters = new Parameters(head.parameters, randomStream(config.seed, 'head', 'head'));
  const segments = head.labels ? null : freshSegmentClassifier(config, channels, classes);
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
 * Detections of one video from its features (docs/method.md): proposals, thinned, then each under its own label, or under
 * its most likely ones, scored by proposal × label. Labels are scored by `scores` of the whole video, or without them by
 * the classifier of segments.
 *
 * @param duration - Of the video, in seconds.
 */
export function localize(
  localizer: Localizer,
  features: Features,
  duration: number,
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
    segment: [start * duration, end * duration],
  }));
}

const unlabelled = (proposal: HeadProposal): HeadProposal => ({ ...proposal, label: null });

/** The proposals of all windows of a video, as fractions of it. */
function videoProposals(localizer: Localizer, features: Features, options: Config['detect']): HeadProposal[] {
  const { head, window: size } = localizer;
  const [total, channels] = features.shape;
  const windows = windowsOver(total, size);
  return windows.flatMap((window) => {
    const data = windowFeatures(features, window);
    const shape = [window.snippets, channels] as const;
    const all = windowProposals(localizer, { data, shape }, validSnippets(window, total), options);
    if (head.labels) return ownProposals(all, window, { snippets: total, windows }).map((own) => partOf(own, total));
    // The authors thin windows one by one first, even where there is one only.
    return fromWindow(size === null ? all : thin(localizer, all, options), window, total);
  });
}

function partOf({ start, end, ...rest }: HeadProposal, total: number): HeadProposal {
  return { start: Math.max(0, start / total), end: Math.min(1, end / total), ...rest };
}

/** The head's proposals in features that it sees at once, of which the first `valid` rows are video, as fractions of them. */
export function windowProposals(
  { head, parts: { head: parameters } }: Localizer,
  { data, shape: [snippets, channels] }: Features,
  valid: number,
  { peaks, minScore }: Config['detect'],
): HeadProposal[] {
  const x = tf.tensor3d(data, [1, snippets, channels]);
  const found = head.propose(x, valid, { parameters, normalization: 'running' }, { peaks, minScore, candidates });
  x.dispose();
  return found;
}

/** The best proposals of a window that Soft-NMS chooses from (ActionFormer's pre_nms_topk). */
const candidates = 2000;

/** Proposals thinned by Soft-NMS, class by class where the head gives labels. */
export function thin(
  { head }: Localizer,
  proposals: readonly HeadProposal[],
  options: Config['detect'],
): HeadProposal[] {
  const { softNmsSigma: sigma, keep, minScore, voting } = options;
  return head.labels ? classWise(proposals, { sigma, keep, minScore, voting }) : softNms(proposals, { sigma, keep });
}

/** Proposals under the names of their labels; where the head gives none, under the `count` that the classifier finds likeliest. */
export function named(
  { classes, segments }: Localizer,
  features: Features,
  kept: readonly HeadProposal[],
  count: number,
): (Proposal & { label: string })[] {
  if (segments) return ownLabels(segments, features, kept, count);
  return kept.map(({ label, ...proposal }) => ({ ...proposal, label: classes[label!]! }));
}
