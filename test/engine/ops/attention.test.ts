import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { attentionBias, attentionBlocks, convolvedAttention, type Look } from '../../../src/engine/ops/attention.js';
import { assertClose, assertGradients, assertLeavesNothing, seeded } from '../../support/numeric.js';

await startEngine();

const parts = ['filter', 'scale', 'offset', 'weight', 'bias'] as const;

/** Parameters of queries, keys and values, one after the other. */
function someParameters(channels: number): tf.Tensor[] {
  const shapes = {
    filter: [3, 1, channels],
    scale: [channels],
    offset: [channels],
    weight: [channels, channels],
    bias: [channels],
  };
  return ['q', 'k', 'v'].flatMap((look) => parts.map((part) => seeded(shapes[part] as [number], `${look} ${part}`)));
}

const toLooks = (parameters: readonly tf.Tensor[]) =>
  [0, 5, 10].map(
    (from) => Object.fromEntries(parts.map((part, i) => [part, parameters[from + i]!])) as unknown as Look,
  ) as [Look, Look, Look];

interface Case {
  what: string;
  snippets: number;
  window: number;
  valid: number[];
  stride: 1 | 2;
}

/** Attention query by query, in doubles, for an input of snippets·stride steps. */
function naive(
  x: number[][][],
  parameters: tf.Tensor[],
  heads: number,
  { snippets, window, valid, stride }: Case,
): number[] {
  const looks = [0, 5, 10].map((from) => parameters.slice(from, from + 5).map((parameter) => parameter.arraySync()));
  const channels = x[0]![0]!.length;
  const size = channels / heads;
  return x.flatMap((item, b) => {
    const [q, k, v] = looks.map((look) => {
      const [filter, scale, offset, weight, bias] = look as [number[][][], number[], number[], number[][], number[]];
      return Array.from({ length: snippets }, (_, t) => {
        const row = Array.from({ length: channels }, (_, c) =>
          [0, 1, 2].reduce((sum, i) => sum + filter[i]![0]![c]! * (item[t * stride + i - 1]?.[c] ?? 0), 0),
        );
        const mean = row.reduce((a, b) => a + b) / channels;
        const deviation = Math.sqrt(row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / channels + 1e-5);
        const normal = row.map((value, c) => ((value - mean) / deviation) * scale[c]! + offset[c]!);
        return bias.map((value, o) => normal.reduce((sum, input, c) => sum + input * weight[c]![o]!, value));
      });
    }) as [number[][], number[][], number[][]];
    return q.flatMap((query, t) => {
      const seen = q.map((_, s) => s).filter((s) => s < valid[b]! && (window === -1 || 2 * Math.abs(s - t) < window));
      return Array.from({ length: heads }, (_, head) => {
        const own = Array.from({ length: size }, (_, i) => head * size + i);
        const weights = seen.map((s) =>
          Math.exp(own.reduce((sum, c) => sum + query[c]! * k[s]![c]!, 0) / Math.sqrt(size)),
        );
        const total = weights.reduce((a, b) => a + b, 0);
        return own.map((c) => seen.reduce((sum, s, i) => sum + (weights[i]! / total) * v[s]![c]!, 0));
      }).flat();
    });
  });
}

const cases: Case[] = [
  { what: 'one block, all see all', snippets: 7, window: -1, valid: [7, 7], stride: 1 },
  { what: 'one block, a window, an item that ends early', snippets: 12, window: 5, valid: [12, 8], stride: 2 },
  { what: 'blocks, the last one full', snippets: 160, window: 19, valid: [160, 160], stride: 2 },
  {
    what: 'blocks, the last one not full, an item that ends early',
    snippets: 133,
    window: 9,
    valid: [50, 133],
    stride: 1,
  },
  { what: 'a window larger than a block', snippets: 140, window: 41, valid: [140, 77], stride: 1 },
  { what: 'a window larger than the sequence', snippets: 70, window: 151, valid: [70, 70], stride: 1 },
];

for (const one of cases) {
  test(`attends query by query: ${one.what}`, () => {
    const { snippets, window, valid, stride } = one;
    const steps = snippets * stride;
    const x = seeded<tf.Rank.R3>([2, steps, 6], 'x', -2, 2);
    const parameters = someParameters(6);
    const cut = attentionBlocks(snippets, window);
    const y = tf.tidy(() =>
      convolvedAttention(
        tf.reshape(x, [2 * steps, 6]),
        toLooks(parameters),
        { batch: 2, stride, heads: 3 },
        cut,
        attentionBias(cut, valid),
      ),
    );
    assert.deepEqual(y.shape, [2 * snippets, 6]);
    const expected = naive(x.arraySync(), parameters, 3, one);
    // Rows behind the end may have any values.
    const there = (_: number, i: number) => Math.floor(i / 6) % snippets < valid[Math.floor(i / (6 * snippets))]!;
    assertClose(Array.from(y.dataSync()).filter(there), expected.filter(there), 2e-5);
    assert.ok(y.dataSync().every(Number.isFinite));
  });
}

for (const { snippets, window, valid, stride } of [
  { snippets: 6, window: -1, valid: [6], stride: 1 },
  { snippets: 5, window: 3, valid: [5], stride: 2 },
  { snippets: 130, window: 3, valid: [121], stride: 1 },
] as const) {
  test(`has the gradients of central differences: ${snippets} snippets, window ${window}, stride ${stride}`, () => {
    const inputs = [seeded([snippets * stride, 4], 'x', -2, 2), ...someParameters(4)];
    const cut = attentionBlocks(snippets, window);
    const bias = attentionBias(cut, valid);
    const f = ([x, ...parameters]: tf.Tensor[]) =>
      tf.slice(
        convolvedAttention(x as tf.Tensor2D, toLooks(parameters), { batch: 1, stride, heads: 2 }, cut, bias),
        [0, 0],
        [valid[0], 4],
      );
    // A value added to every key adds the same to all scores of a query, so these gradients
    // are 0 and cannot be compared.
    const constant = [8, 10];
    const learns = inputs.filter((_, i) => !constant.includes(i));
    const whole = (some: tf.Tensor[]) => {
      const left = [...some];
      return inputs.map((input, i) => (constant.includes(i) ? input : left.shift()!));
    };
    assertGradients((...some) => f(whole(some)), learns, { step: 3e-3, tolerance: 5e-3 });
    assertLeavesNothing(() => tf.tidy(() => f(inputs)));
    assertLeavesNothing(() => tf.grads((...all) => tf.sum(f(all)))(inputs));
  });
}

test('computes scores of a block with what is around it, not of all with all', () => {
  const { blocks, size, halo } = attentionBlocks(2304, 19);
  assert.ok(blocks * size >= 2304 && blocks * size < 2304 + size);
  assert.equal(halo, 9);
  assert.ok(size + 2 * halo <= 128);
  assert.deepEqual(attentionBlocks(100, -1), { snippets: 100, blocks: 1, size: 100, halo: 0, reach: Infinity });
});
