import type * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../engine/random.js';
import type { Pass } from '../layers/layer.js';
import type { ParameterSpec } from '../parameters.js';

/** An instance in what a head sees: start and end as fractions of that (below 0 or above 1 where a window cuts it), label the number of its class. */
export interface HeadInstance {
  start: number;
  end: number;
  label: number;
}

/** A scored segment, fractions of what the head sees; label null where another model names it. */
export interface HeadProposal {
  start: number;
  end: number;
  score: number;
  label: number | null;
}

/** Features `[B, T, C]`; of item b only the first `valid[b]` snippets are video, the others zeros (a window beyond the video's end). */
export interface HeadInput {
  features: tf.Tensor3D;
  valid: readonly number[];
}

/** What of `detect` decides which segments a head proposes; each head takes what concerns it. */
export interface ProposeOptions {
  /** Of heads that score boundaries: only from a start that stands out to an end that does. */
  peaks: boolean;
  /** Less is not proposed. */
  minScore: number;
  /** At most so many are, the best; not of G-TAD, whose anchors are counted. */
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
 * What finds actions in features. No parameter depends on T, so one head serves every fidelity and window; constants of a length are kept
 * until it is disposed of.
 *
 * @typeParam Targets - What it is trained towards, of one item.
 */
export interface Head<Targets = unknown> extends Disposable {
  readonly parameters: ParameterSpec[];
  /** Whether its proposals bear labels. Otherwise a classifier of segments is trained beside it, and names them. */
  readonly labels: boolean;
  /** What it is trained towards on T snippets, of which the first `valid` are video: plain numbers. */
  targets(instances: readonly HeadInstance[], snippets: number, valid: number): Targets;
  /**
   * On the tape: the loss and the terms it is made of, means over the items, so that those of micro-batches add up by their shares. `draws`: all
   * chance in it.
   */
  loss(input: HeadInput, targets: readonly Targets[], pass: Pass, draws: Random): HeadLoss;
  /** What it proposes of one item `[1, T, C]`, before any suppression; nothing begins beyond `valid` snippets. Leaves no tensor behind. */
  propose(features: tf.Tensor3D, valid: number, pass: Pass, options: ProposeOptions): HeadProposal[];
}
