import type { SparseRow } from '../../../engine/ops/graph/sparse-matrix.js';

/** One anchor: the proposal [start / T, (start + duration + 1) / T] of a video of T snippets. */
export interface Anchor {
  start: number;
  /** Duration index d: the anchor is d + 1 snippets long. */
  duration: number;
}

/**
 * All valid anchors (start + duration < T) of at most `longest` snippets, duration-major: the cells of G-TAD's map that can be true
 * (§3.4).
 */
export function anchors(snippets: number, longest = snippets): Anchor[] {
  const list: Anchor[] = [];
  for (let duration = 0; duration < Math.min(longest, snippets); duration++) {
    for (let start = 0; start + duration < snippets; start++) list.push({ start, duration });
  }
  return list;
}

/** From where to where SGAlign looks, in node indices. */
export type Region = readonly [low: number, high: number];

/** SGAlign's region of interest of an anchor: the anchor and half its length on either side. */
export function regionOfInterest({ start, duration }: Anchor): Region {
  const half = (duration + 1) / 2;
  return [start - half, start + duration + half];
}

/**
 * Weights of 1-D RoIAlign over T nodes (sampling ratio 0, no half-pixel shift): bin p's value is
 * Σ_t weights[p·T + t] · node[t]. Beyond [-1, T] a sample is 0; inside it clamps to the first or last node.
 */
export function alignWeights([low, high]: Region, bins: number, snippets: number): Float64Array {
  const weights = new Float64Array(bins * snippets);
  const binSize = Math.max(high - low, 1) / bins;
  const samples = Math.max(1, Math.ceil(binSize));
  for (let bin = 0; bin < bins; bin++) {
    for (let i = 0; i < samples; i++) {
      const at = low + bin * binSize + ((i + 0.5) * binSize) / samples;
      if (at < -1 || at > snippets) continue;
      const position = Math.max(at, 0);
      const left = Math.floor(position);
      const row = bin * snippets;
      if (left >= snippets - 1) {
        weights[row + snippets - 1]! += 1 / samples;
      } else {
        weights[row + left]! += (left + 1 - position) / samples;
        weights[row + left + 1]! += (position - left) / samples;
      }
    }
  }
  return weights;
}

/** Bins of SGAlign: those that look at the nodes, and those that look at what is around them in feature space. */
export interface Bins {
  inner: number;
  context: number;
}

/**
 * Both kinds of align weights of a region as one row of a matrix, which is applied to projected nodes: `[T, inner]` and
 * after them `[T, context]`, each flat.
 */
export function alignRow(region: Region, { inner, context }: Bins, snippets: number): SparseRow {
  const columns: number[] = [];
  const values: number[] = [];
  const add = (bins: number, offset: number) => {
    const weights = alignWeights(region, bins, snippets);
    for (let t = 0; t < snippets; t++) {
      for (let bin = 0; bin < bins; bin++) {
        const weight = weights[bin * snippets + t]!;
        if (weight === 0) continue;
        columns.push(offset + t * bins + bin);
        values.push(weight);
      }
    }
  };
  add(inner, 0);
  add(context, snippets * inner);
  return { columns: Int32Array.from(columns), values: Float32Array.from(values) };
}
