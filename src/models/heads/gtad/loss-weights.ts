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
 * in [0, 1) is below the ratio.
 */
export function lossWeights(
  batch: readonly Labels[],
  draw: (anchor: number, band: 'middle' | 'low') => number,
): LossWeights {
  const overlap = concatenated(batch.map((labels) => labels.overlap));
  return {
    start: balanced(concatenated(batch.map((labels) => labels.start)), 0.5),
    end: balanced(concatenated(batch.map((labels) => labels.end)), 0.5),
    classification: balanced(overlap, 0.9),
    regression: regressionWeights(overlap, draw),
    overlap,
  };
}

/** Weights with which positives and negatives each count for one half of the mean: w± = ½ N / N±, divided by N. */
export function balanced(labels: Float32Array, threshold: number): BinaryWeights {
  const positives = labels.reduce((n, label) => n + (label > threshold ? 1 : 0), 0);
  const positive = positives > 0 ? 0.5 / positives : 0;
  const negative = positives < labels.length ? 0.5 / (labels.length - positives) : 0;
  return {
    positive: labels.map((label) => (label > threshold ? positive : 0)),
    negative: labels.map((label) => (label > threshold ? 0 : negative)),
  };
}

/** Labels are float32, and 0.3 in float32 is a little more than 0.3. */
const bandEdge = Math.fround(0.3);

function regressionWeights(
  overlap: Float32Array,
  draw: (anchor: number, band: 'middle' | 'low') => number,
): Float32Array {
  let high = 0;
  let middle = 0;
  let low = 0;
  for (const g of overlap) {
    if (g > 0.7) high++;
    else if (g > bandEdge) middle++;
    else if (g > 0) low++;
  }
  const kept = overlap.map((g, anchor) => {
    if (g > 0.7) return 1;
    if (g > bandEdge) return draw(anchor, 'middle') < high / middle ? 1 : 0;
    if (g > 0) return draw(anchor, 'low') < high / low ? 1 : 0;
    return 0;
  });
  const count = kept.reduce((a, b) => a + b, 0);
  return count > 0 ? kept.map((weight) => (0.5 * weight) / count) : kept;
}
