import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.js';

/** How a sequence is cut for attention: `blocks` of `size` queries, each of which sees its own keys and `halo` on either side. */
export interface AttentionBlocks {
  snippets: number;
  blocks: number;
  size: number;
  halo: number;
  /** Keys that a query sees on either side; ∞: all. */
  reach: number;
}

/** A sequence up to this length is one block: its products are few and large. */
const oneBlock = 64;
const blockSize = 32;

/**
 * @param snippets - T.
 * @param window - Snippets that a query sees, itself in the middle (odd); -1: all.
 */
export function attentionBlocks(snippets: number, window: number): AttentionBlocks {
  const reach = window === -1 ? Infinity : (window - 1) / 2;
  const size = Math.max(blockSize, 2 * reach);
  if (snippets <= Math.max(oneBlock, size)) return { snippets, blocks: 1, size: snippets, halo: 0, reach };
  return { snippets, blocks: Math.ceil(snippets / size), size, halo: reach, reach };
}

/** What is added to the score of a key that a query must not see. */
const never = -1e9;

/**
 * What is added to scores `[B, blocks, heads, size, size + 2·halo]`: 0 where a query sees a key of the first `valid[b]` snippets of item b, much
 * less elsewhere. `[B or 1, blocks, 1, size, size + 2·halo]`.
 */
export function attentionBias(
  { snippets, blocks, size, halo, reach }: AttentionBlocks,
  valid: readonly number[],
): tf.Tensor5D {
  const keys = size + 2 * halo;
  const items = valid.every((n) => n >= snippets) ? [snippets] : valid;
  const bias = new Float32Array(items.length * blocks * size * keys).fill(never);
  items.forEach((n, item) => {
    for (let block = 0; block < blocks; block++) {
      for (let i = 0; i < size; i++) {
        const query = block * size + i;
        const row = ((item * blocks + block) * size + i) * keys;
        const first = Math.max(0, query - reach);
        const last = Math.min(n - 1, query + reach);
        for (let key = first; key <= last; key++) bias[row + key - block * size + halo] = 0;
      }
    }
  });
  return tf.tensor5d(bias, [items.length, blocks, 1, size, keys]);
}

/**
 * Attention of several heads, each on its C/heads channels, over a neighbourhood: queries, keys and values `[B, T, C]` → `[B, T, C]`.
 * Only the scores of a block's queries with the keys around it are computed: B·heads·T·(size + 2·halo) of them.
 *
 * @param bias - Who sees whom: {@link attentionBias}. No gradient flows to it.
 */
export function localAttention(
  query: tf.Tensor3D,
  key: tf.Tensor3D,
  value: tf.Tensor3D,
  heads: number,
  cut: AttentionBlocks,
  bias: tf.Tensor5D,
): tf.Tensor3D {
  const [batch, , channels] = query.shape;
  const scale = 1 / Math.sqrt(channels / heads);
  return differentiable([query, key, value], () => {
    const { y, q, k, v, weights } = tf.tidy(() => {
      const q = byHead(inBlocks(query, cut), heads);
      const k = byHead(withHalo(key, cut), heads);
      const v = byHead(withHalo(value, cut), heads);
      const scores = tf.add(tf.mul(tf.matMul(q, k, false, true), scale), bias);
      const weights = tf.softmax(scores) as tf.Tensor5D;
      return { y: fromBlocks(fromHeads(tf.matMul(weights, v)), cut), q, k, v, weights };
    });
    return {
      value: y,
      saved: [q, k, v, weights],
      gradient: (dy, saved) =>
        tf.tidy(() => {
          const [q, k, v, weights] = saved as [tf.Tensor5D, tf.Tensor5D, tf.Tensor5D, tf.Tensor5D];
          const d = byHead(inBlocks(dy as tf.Tensor3D, cut), heads);
          const dWeights = tf.mul<tf.Tensor5D>(tf.matMul(d, v, false, true), weights);
          const dScores = tf.mul<tf.Tensor5D>(tf.sub(dWeights, tf.mul(weights, tf.sum(dWeights, -1, true))), scale);
          return [
            fromBlocks(fromHeads(tf.matMul(dScores, k)), cut),
            withoutHalo(fromHeads(tf.matMul(dScores, q, true)), cut),
            withoutHalo(fromHeads(tf.matMul(weights, d, true)), cut),
          ].map((gradient) => tf.reshape(gradient, [batch, cut.snippets, channels]));
        }),
    };
  });
}

/** `[B, T, C]` → `[B, blocks, size, C]`, zeros after the end. */
function inBlocks(x: tf.Tensor3D, { snippets, blocks, size }: AttentionBlocks): tf.Tensor4D {
  return tf.reshape(padded(x, 0, blocks * size - snippets), [x.shape[0], blocks, size, x.shape[2]]);
}

/** {@link inBlocks} the other way. */
function fromBlocks(x: tf.Tensor4D, { snippets, blocks, size }: AttentionBlocks): tf.Tensor3D {
  const whole = tf.reshape<tf.Rank.R3>(x, [x.shape[0], blocks * size, x.shape[3]]);
  return blocks * size === snippets ? whole : tf.slice(whole, [0, 0, 0], [-1, snippets, -1]);
}

/** `[B, T, C]` → `[B, blocks, size + 2·halo, C]`: of each block also what is around it. */
function withHalo(x: tf.Tensor3D, cut: AttentionBlocks): tf.Tensor4D {
  const { snippets, blocks, size, halo } = cut;
  if (halo === 0) return inBlocks(x, cut);
  const [batch, , channels] = x.shape;
  const around = padded(x, halo, (blocks + 1) * size - snippets - halo);
  const part = (from: number) =>
    tf.reshape<tf.Rank.R4>(tf.slice(around, [0, from, 0], [-1, blocks * size, -1]), [batch, blocks, size, channels]);
  return tf.concat([part(0), tf.slice(part(size), [0, 0, 0, 0], [-1, -1, 2 * halo, -1])], 2);
}

/** The gradient of {@link withHalo}: sums what several blocks saw. */
function withoutHalo(x: tf.Tensor4D, cut: AttentionBlocks): tf.Tensor3D {
  const { snippets, blocks, size, halo } = cut;
  if (halo === 0) return fromBlocks(x, cut);
  const [batch, , , channels] = x.shape;
  const sequence = (part: tf.Tensor4D) => tf.reshape<tf.Rank.R3>(part, [batch, blocks * size, channels]);
  const first = sequence(tf.slice(x, [0, 0, 0, 0], [-1, -1, size, -1]));
  const rest = tf.pad(tf.slice(x, [0, 0, size, 0], [-1, -1, 2 * halo, -1]), [
    [0, 0],
    [0, 0],
    [0, size - 2 * halo],
    [0, 0],
  ]);
  const sum = tf.add<tf.Tensor3D>(padded(first, 0, size), padded(sequence(rest), size, 0));
  return tf.slice(sum, [0, halo, 0], [-1, snippets, -1]);
}

/** `[B, blocks, n, C]` → `[B, blocks, heads, n, C/heads]`. */
function byHead(x: tf.Tensor4D, heads: number): tf.Tensor5D {
  const [batch, blocks, n, channels] = x.shape;
  return tf.transpose(tf.reshape<tf.Rank.R5>(x, [batch, blocks, n, heads, channels / heads]), [0, 1, 3, 2, 4]);
}

/** {@link byHead} the other way. */
function fromHeads(x: tf.Tensor5D): tf.Tensor4D {
  const [batch, blocks, heads, n, channels] = x.shape;
  return tf.reshape(tf.transpose(x, [0, 1, 3, 2, 4]), [batch, blocks, n, heads * channels]);
}

/** Zeros before and after, in time. */
function padded(x: tf.Tensor3D, before: number, after: number): tf.Tensor3D {
  if (before === 0 && after === 0) return x;
  return tf.pad(x, [
    [0, 0],
    [before, after],
    [0, 0],
  ]);
}
