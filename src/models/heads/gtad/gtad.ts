import * as tf from '@tensorflow/tfjs-core';
import { relu } from '../../../engine/ops/activation.js';
import { gatherNeighbours, nearestNeighbours } from '../../../engine/ops/neighbours.js';
import { conv1d, pointwise } from '../../layers/dense.js';
import type { Pass } from '../../layers/layer.js';
import type { ParameterSpec } from '../../parameters.js';
import { anchorLayers, anchorMap, disposeAnchorMap, type AnchorMap } from './anchor-map.js';
import { alignMatrix, anchors, regionOfInterest, type Anchor, type Region } from './anchors.js';
import { gcnext } from './gcnext.js';

/** Sizes of G-TAD (§3.1): channels of the graph, of the localisation layers, bins of SGAlign, and which anchors there are. */
export interface GtadOptions {
  features: number;
  h1: number;
  h2: number;
  h3: number;
  groups: number;
  width: number;
  k: number;
  inner: number;
  context: number;
  /** Of the two middle localisation layers, over durations and starts; 1 (default) but for THUMOS14. */
  kernel?: 1 | 3;
  /** Snippets of the longest anchor; null or absent: as long as the video. */
  maxDuration?: number | null;
}

/** What G-TAD says of a batch of B videos with T snippets and A anchors, T(T+1)/2 where any length is allowed; all in (0, 1). */
export interface GtadOutput {
  /** `[B, A, 2]`: channel 0 the regressed, channel 1 the classified overlap of each anchor. */
  map: tf.Tensor3D;
  start: tf.Tensor2D;
  end: tf.Tensor2D;
}

/** What the authors' code aligns for cells of the map that are no anchors. */
const nowhere: Region = [0, 0];

/** The anchors of a length with their align matrices `[A, bins·T]` (constants that the head keeps for each length). */
interface Alignment {
  list: Anchor[];
  /** Where layers look at neighbouring anchors. The matrices then have a last row, for the map's other cells. */
  map: AnchorMap | null;
  inner: tf.Tensor2D;
  context: tf.Tensor2D;
}

/**
 * The G-TAD head (Xu et al. 2020; §3): features `[B, T, F]` → {@link GtadOutput}. No parameter depends on T, so one head
 * serves every fidelity. SGAlign is linear over time and the layer after it is a 1×1 convolution, so the two change
 * places: nodes are projected by each bin's slice of the weights first and aligned after; the map of 36·256 channels
 * never exists. Cells of the map that are no anchors are computed only where a
 * neighbour looks at them (`kernel`).
 */
export class GtadHead {
  readonly parameters: ParameterSpec[];
  private readonly alignments = new Map<number, Alignment>();
  private readonly layers;

  constructor(private readonly options: GtadOptions) {
    const { features, h1, h2, h3, inner, context, kernel = 1 } = options;
    this.layers = {
      conv: conv1d('conv', { in: features, out: h1, kernel: 3, groups: 4 }),
      base: gcnext('base', h1, options),
      graph: gcnext('graph', h1, options),
      start: [gcnext('start.0', h1, options), conv1d('start.1', { in: h1, out: 1, kernel: 1 })] as const,
      end: [gcnext('end.0', h1, options), conv1d('end.1', { in: h1, out: 1, kernel: 1 })] as const,
      /** Only its parameters are used as a layer's: {@link GtadHead.align} applies them bin by bin. */
      project: pointwise('loc.0', { in: h1 * (inner + context), out: h3 }),
      reduce: pointwise('loc.2', { in: h3, out: h2 }),
      compare: anchorLayers(['loc.4', 'loc.6'], h2, kernel),
      score: pointwise('loc.8', { in: h2, out: 2 }),
    };
    const { conv, base, graph, start, end, project, reduce, compare, score } = this.layers;
    this.parameters = [conv, base, graph, ...start, ...end, project, reduce, compare, score].flatMap(
      (layer) => layer.parameters,
    );
  }

  apply(features: tf.Tensor3D, pass: Pass): GtadOutput {
    const { conv, base, graph, start, end, reduce, compare, score } = this.layers;
    const { map } = this.alignment(features.shape[1]);
    const nodes = base.apply(relu(conv.apply(features, pass)), pass);
    const aligned = this.align(graph.apply(nodes, pass), pass);
    const hidden = compare.apply(relu(reduce.apply(relu(aligned), pass)), pass, map);
    return {
      map: tf.sigmoid(score.apply(hidden, pass)),
      start: boundary(nodes, start, pass),
      end: boundary(nodes, end, pass),
    };
  }

  /** The anchors of T snippets, in the order of the map. */
  anchors(snippets: number): Anchor[] {
    return this.alignment(snippets).list;
  }

  /** SGAlign and the first localisation layer, in the cheap order: `[B, T, h1]` → `[B, A, h3]`, or A + 1. */
  private align(graph: tf.Tensor3D, { parameters }: Pass): tf.Tensor3D {
    const { k, inner, context } = this.options;
    const [, snippets] = graph.shape;
    const alignment = this.alignment(snippets);
    const semantic = tf.mean<tf.Tensor3D>(gatherNeighbours(graph, nearestNeighbours(graph, k)), 2);
    const bins = this.binWeights(parameters.get<tf.Tensor3D>('loc.0.weight'));
    const fromInner = alignProjected(graph, tf.slice(bins, 0, inner), alignment.inner);
    const fromContext = alignProjected(semantic, tf.slice(bins, inner, context), alignment.context);
    return tf.add(tf.add(fromInner, fromContext), parameters.get('loc.0.bias'));
  }

  /** The projection's weights `[1, h1·bins, h3]`, channel-major, as `[bins, h1, h3]`. */
  private binWeights(weight: tf.Tensor3D): tf.Tensor3D {
    const { h1, h3, inner, context } = this.options;
    return tf.transpose(tf.reshape<tf.Rank.R3>(weight, [h1, inner + context, h3]), [1, 0, 2]);
  }

  private alignment(snippets: number): Alignment {
    let found = this.alignments.get(snippets);
    if (!found) {
      const { inner, context, kernel = 1, maxDuration } = this.options;
      const list = anchors(snippets, maxDuration ?? snippets);
      const regions = list.map(regionOfInterest);
      if (kernel > 1) regions.push(nowhere);
      const matrix = (bins: number) =>
        tf.keep(tf.tensor2d(alignMatrix(regions, bins, snippets), [regions.length, bins * snippets]));
      const map = kernel > 1 ? anchorMap(list, snippets) : null;
      found = { list, map, inner: matrix(inner), context: matrix(context) };
      this.alignments.set(snippets, found);
    }
    return found;
  }

  /** Frees the constants of every length. */
  dispose(): void {
    for (const { map, inner, context } of this.alignments.values()) {
      tf.dispose([inner, context]);
      if (map) disposeAnchorMap(map);
    }
    this.alignments.clear();
  }
}

/** Nodes `[B, T, C]`, each bin's weights `[R, C, H]`, align matrix `[A, R·T]` → `[B, A, H]`. */
function alignProjected(nodes: tf.Tensor3D, weights: tf.Tensor3D, matrix: tf.Tensor2D): tf.Tensor3D {
  const [batch, time, channels] = nodes.shape;
  const [bins, , hidden] = weights.shape;
  const side = tf.reshape<tf.Rank.R2>(tf.transpose(weights, [1, 0, 2]), [channels, bins * hidden]);
  const projected = tf.matMul(tf.reshape<tf.Rank.R2>(nodes, [batch * time, channels]), side);
  const byBin = tf.transpose(tf.reshape<tf.Rank.R4>(projected, [batch, time, bins, hidden]), [2, 1, 0, 3]);
  const anchored = tf.matMul(matrix, tf.reshape<tf.Rank.R2>(byBin, [bins * time, batch * hidden]));
  return tf.transpose(tf.reshape<tf.Rank.R3>(anchored, [matrix.shape[0], batch, hidden]), [1, 0, 2]);
}

function boundary(nodes: tf.Tensor3D, [block, last]: GtadHead['layers']['start'], pass: Pass): tf.Tensor2D {
  const score = tf.sigmoid(last.apply(block.apply(nodes, pass), pass));
  return tf.reshape<tf.Rank.R2>(score, [score.shape[0], score.shape[1]]);
}
