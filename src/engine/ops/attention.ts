import * as tf from '@tensorflow/tfjs-core';
import { algebra, type Algebra } from './algebra.js';
import { differentiable } from './differentiable.js';
import { normalizationGradients, standardized } from './normalization/standardize.js';

/**
 * How a sequence is divided for attention: into `blocks` of `size` queries, which see the keys of their block
 * and `halo` more on either side.
 */
export interface AttentionBlocks {
  snippets: number;
  blocks: number;
  size: number;
  halo: number;
  /** Number of keys that a query sees on either side; ∞: all. */
  reach: number;
}

/** A sequence up to this length is one block, since its matrix products are then few and large. */
const oneBlock = 128;
const blockSize = 32;

/**
 * Divides a sequence for attention.
 *
 * @param snippets - Length of the sequence, T.
 * @param window - Number of snippets that a query sees, itself in the middle (odd); -1: all.
 */
export function attentionBlocks(snippets: number, window: number): AttentionBlocks {
  const reach = window === -1 ? Infinity : (window - 1) / 2;
  const size = Math.max(blockSize, 2 * reach);
  if (snippets <= Math.max(oneBlock, size)) return { snippets, blocks: 1, size: snippets, halo: 0, reach };
  return { snippets, blocks: Math.ceil(snippets / size), size, halo: reach, reach };
}

/** Added to the scores of keys that a query must not see. */
const never = -1e9;

/**
 * The bias of attention scores `[B, blocks, heads, size, size + 2·halo]`: 0 where the query may see the key, which must
 * be among the first `valid[b]` snippets of item b; otherwise a large negative number. Shape
 * `[B or 1, blocks, 1, size, size + 2·halo]`.
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

type Eight = [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];

/**
 * Parameters of queries, keys or values: a filter of a depthwise convolution over time `[3, 1, C]`, a
 * normalisation and a projection.
 */
export interface Look {
  filter: tf.Tensor3D;
  scale: tf.Tensor1D;
  offset: tf.Tensor1D;
  weight: tf.Tensor2D;
  bias: tf.Tensor1D;
}

/**
 * Self-attention on convolved sequences (ActionFormer, §3.2; docs/method.md §8.1): x `[B·T, C]` → `[B·T/stride, C]`.
 * Queries, keys and values come from x by their {@link Look}s at every `stride`-th step; the stride must divide T. Each
 * head attends within a neighbourhood on its C/heads channels. Only the scores between a block's queries and the keys
 * around it are computed: B·heads·T·(size + 2·halo) of them. Queries, keys and values are projected in one product.
 *
 * @param bias - Which keys each query sees, from {@link attentionBias}. It gets no gradient.
 */
export function convolvedAttention(
  x: tf.Tensor2D,
  looks: readonly [query: Look, key: Look, value: Look],
  { batch, stride, heads }: { batch: number; stride: 1 | 2; heads: number },
  cut: AttentionBlocks,
  bias: tf.Tensor5D,
): tf.Tensor2D {
  const k = algebra();
  const channels = x.shape[1];
  const rows = x.shape[0] / stride;
  const scale = () => k.scalar(1 / Math.sqrt(channels / heads));
  const picture = (x: tf.Tensor) => k.reshape(x, [batch, x.shape[0] / batch, 1, channels]);
  const filterOf = (look: Look) => k.reshape(look.filter, [3, 1, channels, 1]);
  /** A parameter of all three looks, stacked. */
  const all = (part: keyof Look, shape: number[]) => {
    const stacked = k.stack(looks.map((look) => look[part]));
    return shape.length + 1 === stacked.rank ? stacked : k.reshape(stacked, [3, ...shape]);
  };
  const parameters = looks.flatMap(({ filter, scale, offset, weight, bias }) => [filter, scale, offset, weight, bias]);

  return differentiable([x, ...parameters], () => {
    const forward = tf.tidy(() => {
      const seen = picture(x);
      const convolved = k.stack(looks.map((look) => k.depthwise(seen, filterOf(look), stride)));
      const { normal, inverse } = standardized(k, k.reshape(convolved, [3, rows, channels]));
      const looking = k.add(k.mul(normal, all('scale', [1, channels])), all('offset', [1, channels]));
      const lines = k.add(k.matMul(looking, all('weight', [channels, channels])), all('bias', [1, channels]));
      const projected = k.reshape(lines, [3 * batch, cut.snippets, channels]);
      const q = byHead(k, inBlocks(k, slices(k, projected, 0, batch), cut), heads);
      const both = byHead(k, withHalo(k, slices(k, projected, batch, 2 * batch), cut), heads);
      const [key, value] = [slices(k, both, 0, batch), slices(k, both, batch, batch)];
      const weights = k.softmax(k.add(k.mul(k.matMul(q, key, false, true), scale()), bias));
      const y = fromBlocks(k, fromHeads(k, k.matMul(weights, value)), cut);
      return { y: k.reshape(y, [rows, channels]), normal, inverse, looking, q, key, value, weights };
    });
    const { y, normal, inverse, looking, q, key, value, weights } = forward;
    return {
      value: y,
      // Parameters need not be saved, because they outlive the pass.
      saved: [normal, inverse, looking, q, key, value, weights, x],
      gradient: (dy, saved) =>
        tf.tidy(() => {
          const [normal, inverse, looking, q, key, value, weights, x] = saved as Eight;
          const d = byHead(k, inBlocks(k, k.reshape(dy, [batch, cut.snippets, channels]), cut), heads);
          const dWeights = k.mul(k.matMul(d, value, false, true), weights);
          const dScores = k.mul(k.sub(dWeights, k.mul(weights, k.sumLast(dWeights))), scale());
          const dQuery = fromBlocks(k, fromHeads(k, k.matMul(dScores, key)), cut);
          const dBoth = k.concat([k.matMul(dScores, q, true), k.matMul(weights, d, true)], 0);
          const dProjected = k.reshape(k.concat([dQuery, withoutHalo(k, fromHeads(k, dBoth), cut)], 0), [
            3,
            rows,
            channels,
          ]);
          const dLooking = k.matMul(dProjected, all('weight', [channels, channels]), false, true);
          const norm = normalizationGradients(k, dLooking, { normal, inverse }, all('scale', [channels]));
          const dConvolved = k.unstack(k.reshape(norm.x, [3, batch, cut.snippets, 1, channels]));
          const [scales, offsets, weightGradients, biases] = [
            norm.scale,
            norm.offset,
            k.matMul(looking, dProjected, true),
            k.sum(dProjected, 1),
          ].map((stacked) => k.unstack(stacked)) as [tf.Tensor[], tf.Tensor[], tf.Tensor[], tf.Tensor[]];
          const seen = picture(x);
          const byLook = looks.map((look, i) => k.depthwiseGradients(dConvolved[i]!, seen, filterOf(look), stride));
          const [first, second, third] = byLook.map(([dSeen]) => dSeen) as [tf.Tensor, tf.Tensor, tf.Tensor];
          return [
            k.reshape(k.add(k.add(first, second), third), x.shape),
            ...looks.flatMap((look, i) => {
              const filter = k.reshape(byLook[i]![1], look.filter.shape);
              return [filter, scales[i]!, offsets[i]!, weightGradients[i]!, biases[i]!];
            }),
          ];
        }),
    };
  });
}

/** `count` items of a batch from number `from` on. Several batches may be concatenated. */
function slices(k: Algebra, x: tf.Tensor, from: number, count: number): tf.Tensor {
  return k.slice(x, [from, ...x.shape.slice(1).map(() => 0)], [count, ...x.shape.slice(1)]);
}

/** Divides sequences into blocks, `[B, T, C]` → `[B, blocks, size, C]`, with zeros behind the end. */
function inBlocks(k: Algebra, x: tf.Tensor, { snippets, blocks, size }: AttentionBlocks): tf.Tensor {
  return k.reshape(padded(k, x, 0, blocks * size - snippets), [x.shape[0], blocks, size, x.shape[2]!]);
}

/** The inverse of {@link inBlocks}. */
function fromBlocks(k: Algebra, x: tf.Tensor, { snippets, blocks, size }: AttentionBlocks): tf.Tensor {
  const [batch, , , channels] = x.shape as [number, number, number, number];
  const whole = k.reshape(x, [batch, blocks * size, channels]);
  return blocks * size === snippets ? whole : k.slice(whole, [0, 0, 0], [batch, snippets, channels]);
}

/** Divides sequences into blocks with their surroundings, `[B, T, C]` → `[B, blocks, size + 2·halo, C]`. */
function withHalo(k: Algebra, x: tf.Tensor, cut: AttentionBlocks): tf.Tensor {
  const { snippets, blocks, size, halo } = cut;
  if (halo === 0) return inBlocks(k, x, cut);
  const [batch, , channels] = x.shape as [number, number, number];
  const around = padded(k, x, halo, (blocks + 1) * size - snippets - halo);
  const part = (from: number) =>
    k.reshape(k.slice(around, [0, from, 0], [batch, blocks * size, channels]), [batch, blocks, size, channels]);
  return k.concat([part(0), k.slice(part(size), [0, 0, 0, 0], [batch, blocks, 2 * halo, channels])], 2);
}

/** The gradient of {@link withHalo}: sums over the blocks that saw a step. */
function withoutHalo(k: Algebra, x: tf.Tensor, cut: AttentionBlocks): tf.Tensor {
  const { snippets, blocks, size, halo } = cut;
  if (halo === 0) return fromBlocks(k, x, cut);
  const [batch, , , channels] = x.shape as [number, number, number, number];
  const part = (from: number, length: number) =>
    k.reshape(
      k.pad(k.slice(x, [0, 0, from, 0], [batch, blocks, length, channels]), [
        [0, 0],
        [0, 0],
        [0, size - length],
        [0, 0],
      ]),
      [batch, blocks * size, channels],
    );
  const sum = k.add(padded(k, part(0, size), 0, size), padded(k, part(size, 2 * halo), size, 0));
  return k.slice(sum, [0, halo, 0], [batch, snippets, channels]);
}

/** `[B, blocks, n, C]` → `[B, blocks, heads, n, C/heads]`. */
function byHead(k: Algebra, x: tf.Tensor, heads: number): tf.Tensor {
  const [batch, blocks, n, channels] = x.shape as [number, number, number, number];
  return k.transpose(k.reshape(x, [batch, blocks, n, heads, channels / heads]), [0, 1, 3, 2, 4]);
}

/** The inverse of {@link byHead}. */
function fromHeads(k: Algebra, x: tf.Tensor): tf.Tensor {
  const [batch, blocks, heads, n, channels] = x.shape as [number, number, number, number, number];
  return k.reshape(k.transpose(x, [0, 1, 3, 2, 4]), [batch, blocks, n, heads * channels]);
}

/** Pads with zeros before and after, in time. */
function padded(k: Algebra, x: tf.Tensor, before: number, after: number): tf.Tensor {
  if (before === 0 && after === 0) return x;
  return k.pad(x, [
    [0, 0],
    [before, after],
    [0, 0],
  ]);
}
