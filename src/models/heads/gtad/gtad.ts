import * as tf from '@tensorflow/tfjs-core';
import { headFacts } from '../../../config/head-facts.js';
import { gatherNeighbours, nearestNeighbours } from '../../../engine/ops/graph/neighbours.js';
import { sparseMatrix, type SparseMatrix } from '../../../engine/ops/graph/sparse-matrix.js';
import { conv1d, pointwise } from '../../layers/dense-layers.js';
import type { Random } from '../../../engine/random.js';
import type { Pass } from '../../layers/layer.js';
import type { ParameterSpec } from '../../parameters.js';
import type { Head, HeadInput, HeadInstance, HeadProposal } from '../head.js';
import type { UnlabelledSpan } from '../unlabelled-snippets.js';
import { alignProjected } from './sgalign.js';
import { anchorLayers, anchorMap, disposeAnchorMap, type AnchorMap } from './anchor-map.js';
import { alignRow, anchors, regionOfInterest, type Anchor, type Region } from './anchors.js';
import { gcnext } from './gcnext.js';
import { labels, type Labels, type Span } from './labels.js';
import { gtadLoss } from './gtad-loss.js';
import type { GtadOutput } from './gtad-output.js';
import { lossWeights } from './loss-weights.js';
import { proposals } from './proposals.js';

/**
 * Sizes of G-TAD (docs/method.md §7.1): channels of the graph and of the localisation layers, bins of
 * SGAlign, and the anchors' lengths.
 */
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
  /** Kernel of the two middle localisation layers over durations and starts: 3 for THUMOS14, otherwise 1 (default). */
  kernel?: 1 | 3;
  /** Length of the longest anchor in snippets; null or absent: the whole video. */
  maxDuration?: number | null;
}

/** The region that the authors' code aligns for cells of the map that are not anchors. */
const nowhere: Region = [0, 0];

/** The anchors of T snippets and how they are aligned: constants that the head keeps for each T. */
interface Alignment {
  list: Anchor[];
  /** Present where layers look at neighbouring anchors. The matrix then has one more row, for the map's other cells. */
  map: AnchorMap | null;
  matrix: SparseMatrix;
}

/**
 * The G-TAD head (Xu et al. 2020; docs/method.md §7): features `[B, T, F]` → {@link GtadOutput}. No parameter depends
 * on T, so one head serves every fidelity. The map of 36·256 channels is never computed (see {@link alignProjected}).
 * Cells of the map that are not anchors are computed only where neighbouring anchors look at them (`kernel` 3).
 */
export class GtadHead implements Head<Labels> {
  readonly parameters: ParameterSpec[];
  /** Proposals have no labels: a classifier of segments, or scores of whole videos, supply them. */
  readonly labels = headFacts.gtad.labels;
  private readonly alignments = new Map<number, Alignment>();
  private readonly layers;

  constructor(private readonly options: GtadOptions) {
    const { features, h1, h2, h3, inner, context, kernel = 1 } = options;
    this.layers = {
      conv: conv1d('conv', { in: features, out: h1, kernel: 3, groups: 4, activation: 'relu' }),
      base: gcnext('base', h1, options),
      graph: gcnext('graph', h1, options),
      start: [
        gcnext('start.0', h1, options),
        conv1d('start.1', { in: h1, out: 1, kernel: 1, activation: 'sigmoid' }),
      ] as const,
      end: [
        gcnext('end.0', h1, options),
        conv1d('end.1', { in: h1, out: 1, kernel: 1, activation: 'sigmoid' }),
      ] as const,
      /** Only the parameters of this layer are used: see {@link alignProjected}. */
      project: pointwise('loc.0', { in: h1 * (inner + context), out: h3 }),
      reduce: pointwise('loc.2', { in: h3, out: h2, activation: 'relu' }),
      compare: anchorLayers(['loc.4', 'loc.6'], h2, kernel),
      score: pointwise('loc.8', { in: h2, out: 2, activation: 'sigmoid' }),
    };
    const { conv, base, graph, start, end, project, reduce, compare, score } = this.layers;
    this.parameters = [conv, base, graph, ...start, ...end, project, reduce, compare, score].flatMap(
      (layer) => layer.parameters,
    );
  }

  apply(features: tf.Tensor3D, pass: Pass): GtadOutput {
    const { conv, base, graph, start, end, reduce, compare, score } = this.layers;
    const { map } = this.alignment(features.shape[1]);
    const nodes = base.apply(conv.apply(features, pass), pass);
    const aligned = this.align(graph.apply(nodes, pass), pass);
    const hidden = compare.apply(reduce.apply(aligned, pass), pass, map);
    return {
      map: score.apply(hidden, pass),
      start: boundary(nodes, start, pass),
      end: boundary(nodes, end, pass),
    };
  }

  /** The anchors of T snippets, in the order of the map. */
  anchors(snippets: number): Anchor[] {
    return this.alignment(snippets).list;
  }

  targets(
    instances: readonly HeadInstance[],
    snippets: number,
    _valid?: number,
    unlabelled?: readonly UnlabelledSpan[],
  ): Labels {
    const spans = instances.map(({ start, end }): Span => [start, end]);
    return labels(spans, snippets, this.anchors(snippets), unlabelled);
  }

  loss({ features }: HeadInput, targets: readonly Labels[], pass: Pass, draws: Random) {
    const weights = lossWeights(targets, () => draws.uniform());
    const { total, items, ...terms } = gtadLoss(this.apply(features, pass), weights);
    return { total, terms, items };
  }

  propose(features: tf.Tensor3D, _valid: number, pass: Pass, options: { peaks: boolean }): HeadProposal[] {
    const [start, end, map] = tf.tidy(() => {
      const output = this.apply(features, pass);
      return [output.start, output.end, output.map].map((tensor) => tensor.dataSync<'float32'>());
    }) as [Float32Array, Float32Array, Float32Array];
    const found = proposals({ start, end, map }, this.anchors(features.shape[1]), options);
    return found.map((proposal) => ({ ...proposal, label: null }));
  }

  /** SGAlign and the first localisation layer: `[B, T, h1]` → `[B, A, h3]`, or A + 1 rows where there is a map. */
  private align(graph: tf.Tensor3D, { parameters }: Pass): tf.Tensor3D {
    const semantic = tf.mean<tf.Tensor3D>(gatherNeighbours(graph, nearestNeighbours(graph, this.options.k)), 2);
    const weight = parameters.get<tf.Tensor3D>('loc.0.weight');
    const bias = parameters.get<tf.Tensor1D>('loc.0.bias');
    return alignProjected(graph, semantic, weight, bias, this.alignment(graph.shape[1]).matrix, this.options);
  }

  private alignment(snippets: number): Alignment {
    let found = this.alignments.get(snippets);
    if (!found) {
      const { inner, context, kernel = 1, maxDuration } = this.options;
      const list = anchors(snippets, maxDuration ?? snippets);
      const regions = list.map(regionOfInterest);
      if (kernel > 1) regions.push(nowhere);
      const rows = regions.map((region) => alignRow(region, this.options, snippets));
      const matrix = sparseMatrix(rows, (inner + context) * snippets);
      found = { list, map: kernel > 1 ? anchorMap(list, snippets) : null, matrix };
      this.alignments.set(snippets, found);
    }
    return found;
  }

  /** Frees the constants of every T. */
  [Symbol.dispose](): void {
    for (const { map, matrix } of this.alignments.values()) {
      matrix.dispose();
      if (map) disposeAnchorMap(map);
    }
    this.alignments.clear();
  }
}

function boundary(nodes: tf.Tensor3D, [block, last]: GtadHead['layers']['start'], pass: Pass): tf.Tensor2D {
  const score = last.apply(block.apply(nodes, pass), pass);
  return tf.reshape<tf.Rank.R2>(score, [score.shape[0], score.shape[1]]);
}
