import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { attentionBias, attentionBlocks, localAttention } from '../../../src/engine/ops/local-attention.js';
import { assertClose, assertGradients, assertLeavesNothing, seeded } from '../../support/numeric.js';

await startEngine();

/** Attention query by query, in doubles; NaN for a query that sees nothing. */
function naive([q, k, v]: number[][][][], heads: number, window: number, valid: readonly number[]): number[] {
  return q!.flatMap((item, b) =>
    item.flatMap((query, t) => {
      const size = query.length / heads;
      return Array.from({ length: heads }, (_, head) => {
        const channels = Array.from({ length: size }, (_, i) => head * size + i);
        const seen = item
          .map((_, s) => s)
          .filter((s) => s < valid[b]! && (window === -1 || 2 * Math.abs(s - t) < window));
        const weights = seen.map((s) =>
          Math.exp(channels.reduce((sum, c) => sum + query[c]! * k![b]![s]![c]!, 0) / Math.sqrt(size)),
        );
        const total = weights.reduce((a, b) => a + b, 0);
        return channels.map((c) => seen.reduce((sum, s, i) => sum + (weights[i]! / total) * v![b]![s]![c]!, 0));
      }).flat();
    }),
  );
}

const cases = [
  { what: 'one block, all see all', snippets: 7, window: -1, valid: [7, 7] },
  { what: 'one block, a window, an item that ends early', snippets: 12, window: 5, valid: [12, 8] },
  { what: 'blocks, the last one full', snippets: 96, window: 19, valid: [96, 96] },
  { what: 'blocks, the last one not full, an item that ends early', snippets: 101, window: 9, valid: [50, 101] },
  { what: 'a window larger than a block', snippets: 90, window: 41, valid: [90, 77] },
  { what: 'a window larger than the sequence', snippets: 70, window: 151, valid: [70, 70] },
];

for (const { what, snippets, window, valid } of cases) {
  test(`attends query by query: ${what}`, () => {
    const inputs = ['q', 'k', 'v'].map((name) => seeded<tf.Rank.R3>([2, snippets, 6], name, -2, 2));
    const cut = attentionBlocks(snippets, window);
    const [q, k, v] = inputs as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
    const y = tf.tidy(() => localAttention(q, k, v, 3, cut, attentionBias(cut, valid)));
    const expected = naive(
      inputs.map((x) => x.arraySync()),
      3,
      window,
      valid,
    );
    // Behind the end anything may come out.
    const there = (_: number, i: number) => Math.floor(i / 6) % snippets < valid[Math.floor(i / (6 * snippets))]!;
    assertClose(Array.from(y.dataSync()).filter(there), expected.filter(there), 1e-5);
    assert.ok(y.dataSync().every(Number.isFinite));
  });
}

describe('gradients of attention', () => {
  for (const { snippets, window, valid } of [
    { snippets: 6, window: -1, valid: [6] },
    { snippets: 70, window: 3, valid: [61] },
  ]) {
    it(`are those of central differences: ${snippets} snippets, window ${window}`, () => {
      const inputs = ['q', 'k', 'v'].map((name) => seeded([1, snippets, 2], name, -2, 2));
      const cut = attentionBlocks(snippets, window);
      const bias = attentionBias(cut, valid);
      const f = (...[q, k, v]: tf.Tensor[]) =>
        tf.slice(
          localAttention(q as tf.Tensor3D, k as tf.Tensor3D, v as tf.Tensor3D, 1, cut, bias),
          [0, 0, 0],
          [1, valid[0]!, 2],
        );
      assertGradients(f, inputs, { step: 1e-2, tolerance: 2e-3 });
      assertLeavesNothing(() => tf.tidy(() => f(...inputs)));
      assertLeavesNothing(() => tf.grads((...all) => tf.sum(f(...all)))(inputs));
    });
  }
});

test('computes scores of a block with what is around it, not of all with all', () => {
  const { blocks, size, halo } = attentionBlocks(2304, 19);
  assert.ok(blocks * size >= 2304 && blocks * size < 2304 + size);
  assert.equal(halo, 9);
  assert.ok(size + 2 * halo <= 128);
  assert.deepEqual(attentionBlocks(100, -1), { snippets: 100, blocks: 1, size: 100, halo: 0, reach: Infinity });
});
