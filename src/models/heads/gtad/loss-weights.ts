import { concatenated } from '../../../system/concatenated.js';
import type { Labels } from './labels.js';

/** Weights of the two logarithms of a balanced binary cross-entropy: Σ -(positive·log p + negative·log(1 - p)). */
export interface BinaryWeights {
  positive: Float32Array;
  negative: Float32Array;
}

/** All parts of G-TAD's loss that do not depend on the outputs, for the videos of a batch concatenated. */
export interface LossWeights {
  start: BinaryWeights;
  end: BinaryWeights;
  classification: BinaryWeights;
  /** L_reg = Σ regression·(p - overlap)². */
  regression: Float32Array;
  overlap: Float32Array;
}

/**
 * The weights of G-TAD's loss over a batch (docs/method.md §7.6). Divisions by zero are avoided: a side without
 * elements contributes nothing, and at most all anchors of a band are kept. Anchors with middle (0.3, 0.7] and low
 * (0, 0.3] overlap are thinned to the number of those with high overlap: an anchor is kept where `draw(anchor, band)`
 * in [0, 1) is below the ratio. What is unlabelled weighs nothing and is counted nowhere.
 */
export function lossWeights(
  batch: readonly Labels[],
  draw: (anchor: number, band: 'middle' | 'low') => number,
): LossWeights {
  const overlap = concatenated(batch.map((labels) => labels.overlap));
  const nodes = leftOut(batch, 'nodes', ({ start }) => start.length);
  const anchors = leftOut(batch, 'anchors', (labels) => labels.overlap.length);
  return {
    start: balanced(concatenated(batch.map((labels) => labels.start)), 0.5, nodes),
    end: balanced(concatenated(batch.map((labels) => labels.end)), 0.5, nodes),
    classification: balanced(overlap, 0.9, anchors),
    regression: regressionWeights(overlap, draw, anchors),
    overlap,
  };
}

/** The unlabelled nodes or anchors of a batch, 1 where one is left out; null where all are labelled. */
function leftOut(
  batch: readonly Labels[],
  what: 'nodes' | 'anchors',
  count: (labels: Labels) => number,
): Float32Array | null {
  if (batch.every(({ unlabelled }) => unlabelled === undefined)) return null;
  return concatenated(batch.map((labels) => labels.unlabelled?.[what] ?? new Uint8Array(count(labels))));
}

/**
 * Weights with which positives and negatives each count for one half of the mean: w± = ½ N / N±, divided by N.
 *
 * @param without - 1 where an element is left out; null: all count.
 */
export function balanced(labels: Float32Array, threshold: number, without: Float32Array | null = null): BinaryWeights {
  const counts = (i: number) => without?.[i] !== 1;
  const counted = labels.reduce((n, _, i) => n + (counts(i) ? 1 : 0), 0);
  const positives = labels.reduce((n, label, i) => n + (counts(i) && label > threshold ? 1 : 0), 0);
  const positive = positives > 0 ? 0.5 / positives : 0;
  const negative = positives < counted ? 0.5 / (counted - positives) : 0;
  return {
    positive: labels.map((label, i) => (counts(i) && label > threshold ? positive : 0)),
    negative: labels.map((label, i) => (counts(i) && label <= threshold ? negative : 0)),
  };
}

/** Labels are float32, and 0.3 in float32 is a little more than 0.3. */
const bandEdge = Math.fround(0.3);

function regressionWeights(
  overlap: Float32Array,
  draw: (anchor: number, band: 'middle' | 'low') => number,
  without: Float32Array | null,
): Float32Array {
  let high = 0;
  let middle = 0;
  let low = 0;
  for (const [anchor, g] of overlap.entries()) {
    if (without?.[anchor] === 1) continue;
    if (g > 0.7) high++;
    else if (g > bandEdge) middle++;
    else if (g > 0) low++;
  }
  const kept = overlap.map((g, anchor) => {
    if (without?.[anchor] === 1) return 0;
    if (g > 0.7) return 1;
    if (g > bandEdge) return draw(anchor, 'middle') < high / middle ? 1 : 0;
    if (g > 0) return draw(anchor, 'low') < high / low ? 1 : 0;
    return 0;
  });
  const count = kept.reduce((a, b) => a + b, 0);
  return count > 0 ? kept.map((weight) => (0.5 * weight) / count) : kept;
}
