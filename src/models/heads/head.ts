import type * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../engine/random.js';
import type { Pass } from '../layers/layer.js';
import type { ParameterSpec } from '../parameters.js';
import type { UnlabelledSpan } from './unlabelled-snippets.js';

/**
 * An instance within the sequence that a head sees. Start and end are fractions of that sequence, below 0 or above 1
 * where a window cuts the instance; label is the number of its class.
 */
export interface HeadInstance {
  start: number;
  end: number;
  label: number;
}

/**
 * A scored segment in fractions of the sequence that the head sees. The label is null where another model supplies it.
 */
export interface HeadProposal {
  start: number;
  end: number;
  score: number;
  label: number | null;
}

/**
 * Features `[B, T, C]`. Only the first `valid[b]` snippets of item b are video; the others are
 * zeros (behind the video's end).
 */
export interface HeadInput {
  features: tf.Tensor3D;
  valid: readonly number[];
}

/** The keys of `detect` that decide which segments a head proposes. Each head uses those that apply to it. */
export interface ProposeOptions {
  /** For heads that score boundaries: propose segments between peaks of the start and end scores only. */
  peaks: boolean;
  /** Proposals scoring below this are dropped. */
  minScore: number;
  /** At most this many proposals, the best ones. G-TAD ignores it, since the number of its anchors is fixed. */
  candidates: number;
}

/** The loss of some items and the terms it is made of, on the tape. */
export interface HeadLoss {
  total: tf.Scalar;
  terms: Record<string, tf.Scalar>;
  /** The loss of each item `[B]`, whose mean is the total; computed only when it is called. */
  items: () => tf.Tensor1D;
}

/**
 * A model that finds actions in features. No parameter depends on T, so one head serves every fidelity and window. A
 * head may keep constants for each T until it is disposed of.
 *
 * @typeParam Targets - Training targets of one item.
 */
export interface Head<Targets = unknown> extends Disposable {
  readonly parameters: ParameterSpec[];
  /**
   * Whether proposals have labels. Where they do not, a classifier of segments is trained
   * beside the head and supplies them.
   */
  readonly labels: boolean;
  /**
   * Training targets of one item of T snippets, of which the first `valid` are video. They hold no tensors.
   *
   * @param unlabelled - Stretches of the item that nobody has labelled (default: none). The loss leaves them out.
   */
  targets(
    instances: readonly HeadInstance[],
    snippets: number,
    valid: number,
    unlabelled?: readonly UnlabelledSpan[],
  ): Targets;
  /**
   * The loss and its terms, on the tape. Each is a mean over the items, so that those of micro-batches add up in
   * proportion to their sizes. All randomness comes from `draws`.
   */
  loss(input: HeadInput, targets: readonly Targets[], pass: Pass, draws: Random): HeadLoss;
  /**
   * Proposals for one item `[1, T, C]`, without suppression. None begins beyond `valid`
   * snippets. No tensor is left behind.
   */
  propose(features: tf.Tensor3D, valid: number, pass: Pass, options: ProposeOptions): HeadProposal[];
}
