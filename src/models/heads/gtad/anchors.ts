import type { SparseRow } from '../../../engine/ops/graph/sparse-matrix.js';

/** One anchor: the proposal [start / T, (start + duration + 1) / T] of a video of T snippets. */
export interface Anchor {
  start: number;
  /** Duration index d: the anchor is d + 1 snippets long. */
  duration: number;
}

/**
 * All anchors within T snippets (start + duration < T) that are at most `longest` snippets long, duration-major: the
 * valid cells of G-TAD's map (docs/method.md §7.4).
 */
export function anchors(snippets: number, longest = snippets): Anchor[] {
  const list: Anchor[] = [];
  for (let duration = 0; duration < Math.min(longest, snippets); duration++) {
    for (let start = 0; start + duration < snippets; start++) list.push({ start, duration });
  }
  return list;
}

/** An interval in node indices, which SGAlign samples. */
export type Region = readonly [low: number, high: number];

/** SGAlign's region of interest: the anchor extended by half its length on either side. */
export function regionOfInterest({ start, duration }: Anchor): Region {
  const half = (duration + 1) / 2;
  return [start - half, start + duration + half];
}

/**
 * Weights of 1-D RoIAlign over T nodes (sampling ratio 0, no half-pixel shift), `[bins·T]`: the value of bin p is Σ_t
 * weights[p·T + t] · node[t]. Samples beyond [-1, T] count as 0; those inside it are clamped to the first or last node.
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

/**
 * Numbers of SGAlign's bins: `inner` bins sample the nodes, `context` bins the means of their
 * neighbours in feature space.
 */
export interface AlignmentBins {
  inner: number;
  context: number;
}

/**
 * The align weights of a region for both kinds of bins, as one row of a matrix. The matrix is applied to projected
 * nodes: first `[T, inner]`, then `[T, context]`, each flattened.
 */
export function alignRow(region: Region, { inner, context }: AlignmentBins, snippets: number): SparseRow {
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
