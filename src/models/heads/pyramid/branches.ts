import * as tf from '@tensorflow/tfjs-core';
import { relu } from '../../../engine/ops/activation.js';
import { gatherRows } from '../../../engine/ops/graph/gather-rows.js';
import type { Pass } from '../../layers/layer.js';
import { layerNorm } from '../../layers/layer-norm-layer.js';
import { sequenceConv, type Sequence } from '../../layers/sequence.js';
import type { ParameterSpec } from '../../parameters.js';
import { paddedCount } from './padded-count.js';
import type { PyramidOptions } from './pyramid-options.js';

/**
 * The pyramid's outputs at all locations, level after level. Between two levels lies one row without
 * meaning: see {@link rowsOf}.
 */
export interface PyramidOutput {
  /** `[B, N, classes]`. */
  logits: tf.Tensor3D;
  /** `[B, N, 2]`: distances from a location to the start and end of its segment, in strides, at least 0. */
  offsets: tf.Tensor3D;
}

/** Where each level lies among the N rows of {@link PyramidOutput}: its first row, and N as `count`. */
export interface Rows {
  first: number[];
  count: number;
}

/** The rows of a pyramid on `steps` snippets, which must be a multiple of the last stride. */
export function rowsOf(steps: number, levels: number): Rows {
  const first: number[] = [];
  let count = 0;
  for (let level = 0; level < levels; level++) {
    first.push(count);
    count += steps / 2 ** level + 1;
  }
  return { first, count: count - 1 };
}

/** The pyramid's outputs for training. */
export interface LearningOutput {
  /** `[B, N, classes]`. */
  logits: tf.Tensor3D;
  /** `[P, 2]`: offsets at the P places that were asked for. */
  offsets: tf.Tensor2D;
}

/** A row of the output, with its item and level. */
export interface Place {
  item: number;
  level: number;
  /** Number among the N rows of the item. */
  row: number;
}

/** The branches for classes and for boundaries, which all levels share. */
export interface Branches {
  parameters: ParameterSpec[];
  apply(levels: readonly Sequence[], pass: Pass): PyramidOutput;
  /**
   * Outputs for training. Boundaries are computed only at `places`, because the loss uses no others.
   *
   * @param places - At least one; those of one item follow each other.
   */
  learn(levels: readonly Sequence[], places: readonly Place[], pass: Pass): LearningOutput;
}

/** Initial probability of every class (Lin et al. 2017, focal loss). */
const prior = 0.01;

/**
 * Initial distance to a segment's start and end, in strides. From 0, as published, the ReLU kept one of the two at 0
 * for good under some seeds.
 */
const firstOffset = 1;

/**
 * Branches of `headLayers` convolutions each, for classes and for boundaries. Levels are concatenated with zeros
 * between them, so that a layer is one matrix product for all levels.
 */
export function branches({
  width,
  classes,
  levels,
  headLayers,
}: Pick<PyramidOptions, 'width' | 'classes' | 'levels' | 'headLayers'>): Branches {
  const branch = (name: string, out: number, bias: number) => ({
    hidden: Array.from({ length: headLayers - 1 }, (_, i) => ({
      conv: sequenceConv(`${name}.hidden.${i}.conv`, { in: width, out: width, kernel: 3, bias: null }),
      norm: layerNorm(`${name}.hidden.${i}.norm`, width),
    })),
    last: sequenceConv(`${name}.last`, { in: width, out, kernel: 3, bias }),
  });
  const classify = branch('classes', classes, -Math.log((1 - prior) / prior));
  const locate = branch('boundaries', 2, firstOffset);
  const scale: ParameterSpec = {
    name: 'scale',
    kind: 'vector',
    shape: [levels],
    init: { type: 'constant', value: 1 },
    trainable: true,
  };
  return {
    parameters: [
      ...[classify, locate].flatMap(({ hidden, last }) => [
        ...hidden.flatMap(({ conv, norm }) => [...conv.parameters, ...norm.parameters]),
        ...last.parameters,
      ]),
      scale,
    ],
    apply(sequences, pass) {
      const all = endToEnd(sequences, levels);
      const { batch, rows } = all;
      const ofRows = Array.from({ length: rows.count }, (_, row) => rows.first.findLastIndex((first) => first <= row));
      const offsets = tf.reshape<tf.Rank.R3>(run(locate, all, pass), [batch, rows.count, 2]);
      return { logits: logits(all, pass), offsets: scaled(offsets, ofRows, pass) };
    },
    learn(sequences, places, pass) {
      const all = endToEnd(sequences, levels);
      const { seen, wanted } = surroundings(all, places, headLayers);
      const offsets = gatherRows(run(locate, seen, pass), wanted);
      const ofPlaces = places.map(({ level }) => level);
      return { logits: logits(all, pass), offsets: scaled(offsets, ofPlaces, pass) };
    },
  };

  function run({ hidden, last }: typeof classify, { x, mask, batch }: Laid, pass: Pass): tf.Tensor2D {
    const seen = hidden.reduce(
      (x, { conv, norm }) => norm.apply(conv.apply(x, batch, pass), pass, { relu: true, mask }),
      x,
    );
    return last.apply(seen, batch, pass);
  }

  function logits(all: EndToEnd, pass: Pass): tf.Tensor3D {
    return tf.reshape(run(classify, all, pass), [all.batch, all.rows.count, classes]);
  }

  /** Offsets `[…, rows, 2]`, each multiplied by the scale of its row's level and clamped to at least 0. */
  function scaled<T extends tf.Tensor>(offsets: T, levelOf: readonly number[], pass: Pass): T {
    const chosen = new Float32Array(levelOf.length * levels);
    levelOf.forEach((level, row) => (chosen[row * levels + level] = 1));
    const scales = tf.reshape<tf.Rank.R2>(pass.parameters.get(scale.name), [levels, 1]);
    return relu(tf.mul<T>(offsets, tf.matMul(tf.tensor2d(chosen, [levelOf.length, levels]), scales)));
  }
}

/** Sequences that a branch runs over. */
interface Laid {
  /** `[batch·T, C]`. */
  x: tf.Tensor2D;
  /** `[batch·T, 1]`: 0 for rows without meaning, otherwise 1. */
  mask: tf.Tensor2D;
  batch: number;
}

/**
 * All levels of each item as one sequence, with a row of zeros between two levels. `meaning`
 * is the mask as plain numbers.
 */
interface EndToEnd extends Laid {
  rows: Rows;
  meaning: Float32Array;
}

function endToEnd(sequences: readonly Sequence[], levels: number): EndToEnd {
  const { x, valid } = sequences[0]!;
  const batch = valid.length;
  const channels = x.shape[1];
  const rows = rowsOf(x.shape[0] / batch, levels);
  const gap = tf.zeros<tf.Rank.R3>([batch, 1, channels]);
  const parts = sequences.flatMap(({ x }, i) => {
    const level = tf.reshape<tf.Rank.R3>(x, [batch, x.shape[0] / batch, channels]);
    return i === 0 ? [level] : [gap, level];
  });
  const meaning = new Float32Array(batch * rows.count);
  sequences.forEach(({ valid }, level) => {
    valid.forEach((n, item) => {
      const row = item * rows.count + rows.first[level]!;
      meaning.fill(1, row, row + n);
    });
  });
  return {
    x: tf.reshape(tf.concat(parts, 1), [batch * rows.count, channels]),
    mask: tf.tensor2d(meaning, [meaning.length, 1]),
    batch,
    rows,
    meaning,
  };
}

/**
 * The rows that `reach` convolutions of kernel 3 need for correct outputs at `places`, concatenated into
 * one sequence with a row of zeros between two items, and padded with zeros to one of few lengths. Outputs at other
 * rows are wrong where their neighbours are missing; nobody reads them.
 */
function surroundings(
  { x, rows, meaning }: EndToEnd,
  places: readonly Place[],
  reach: number,
): { seen: Laid; wanted: number[] } {
  const from: number[] = [];
  const mask: number[] = [];
  const wanted = new Map<number, number>();
  const items = [...new Set(places.map(({ item }) => item))];
  for (const item of items) {
    const near = new Set<number>();
    for (const place of places) {
      if (place.item !== item) continue;
      const last = Math.min(rows.count - 1, place.row + reach);
      for (let row = Math.max(0, place.row - reach); row <= last; row++) near.add(item * rows.count + row);
    }
    for (const row of [...near].sort((a, b) => a - b)) {
      wanted.set(row, from.length);
      from.push(row);
      mask.push(meaning[row]!);
    }
    from.push(0);
    mask.push(0);
  }
  const padding = Array<number>(paddedCount(from.length) - from.length).fill(0);
  from.push(...padding);
  mask.push(...padding);
  const rowMask = tf.tensor2d(mask, [mask.length, 1]);
  return {
    seen: { x: tf.mul(gatherRows(x, from), rowMask), mask: rowMask, batch: 1 },
    wanted: places.map(({ item, row }) => wanted.get(item * rows.count + row)!),
  };
}
