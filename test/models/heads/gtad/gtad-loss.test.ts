import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../../src/engine/backend.js';
import type { GtadOutput } from '../../../../src/models/heads/gtad/gtad-output.js';
import type { Labels } from '../../../../src/models/heads/gtad/labels.js';
import { gtadLoss } from '../../../../src/models/heads/gtad/gtad-loss.js';
import { balanced, lossWeights } from '../../../../src/models/heads/gtad/loss-weights.js';
import { assertClose, assertGradients, seeded } from '../../../support/numeric.js';

await startEngine();

const always = () => 0;
const never = () => 0.999_999;
const video = (overlap: number[], start: number[] = [0, 1], end: number[] = [1, 0]): Labels => ({
  overlap: Float32Array.from(overlap),
  start: Float32Array.from(start),
  end: Float32Array.from(end),
});
const f = (...values: number[]) => Float32Array.from(values);
const kept = (weights: Float32Array) => [...weights].map((weight) => (weight > 0 ? 1 : 0));

describe('loss weights', () => {
  it('balance by hand: each side weighs a half; on the threshold is negative', () => {
    assert.deepEqual(balanced(f(0.6, 0.5, 0, 0.2, 1), 0.5), {
      positive: f(0.25, 0, 0, 0, 0.25),
      negative: f(0, 0.5 / 3, 0.5 / 3, 0.5 / 3, 0),
    });
  });

  it('a side without elements weighs nothing', () => {
    assert.deepEqual(balanced(f(0, 0), 0.5), { positive: f(0, 0), negative: f(0.25, 0.25) });
    assert.deepEqual(balanced(f(1, 1), 0.5), { positive: f(0.25, 0.25), negative: f(0, 0) });
  });

  it('regression keeps all high anchors, and of the others as many as the draws say', () => {
    const batch = [video([0.8, 0.71, 0.7, 0.5, 0.4, 0.31, 0.3, 0.1, 0.2, 0.05, 0])];
    assert.deepEqual(kept(lossWeights(batch, always).regression), [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
    assert.deepEqual(kept(lossWeights(batch, never).regression), [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    // There are two high, four middle and four low overlaps; those drawn below ½ are kept. The draw
    // depends on anchor and band.
    const draw = (anchor: number, band: 'middle' | 'low') => (band === 'middle' ? 0.49 : anchor === 8 ? 0.49 : 0.5);
    const { regression } = lossWeights(batch, draw);
    assert.deepEqual(kept(regression), [1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0]);
    assertClose([regression.reduce((a, b) => a + b, 0)], [0.5], 1e-6);
  });

  it('more high than middle anchors: each still counts once', () => {
    const { regression } = lossWeights([video([0.9, 0.9, 0.9, 0.5, 0.2, 0])], never);
    assert.deepEqual(kept(regression), [1, 1, 1, 1, 1, 0]);
    assertClose(regression, [0.1, 0.1, 0.1, 0.1, 0.1, 0], 1e-6);
  });

  it('without high anchors none of the others is kept, and nothing is divided by their number', () => {
    assert.deepEqual(kept(lossWeights([video([0.7, 0.5, 0.2, 0])], always).regression), [0, 0, 0, 0]);
  });

  it('counts are over the whole batch', () => {
    const one = video([0.95, 0, 0]);
    const two = video([0, 0.1, 0.2]);
    const { classification, regression, overlap } = lossWeights([one, two], always);
    assert.deepEqual(overlap, f(0.95, 0, 0, 0, 0.1, 0.2));
    assert.deepEqual(classification.positive, f(0.5, 0, 0, 0, 0, 0));
    assert.deepEqual(classification.negative, f(0, 0.1, 0.1, 0.1, 0.1, 0.1));
    assertClose(regression, [1 / 6, 0, 0, 0, 1 / 6, 1 / 6], 1e-6);
  });
});

/** One video, two nodes, three anchors. */
function output(start: number[], end: number[], map: number[]): GtadOutput {
  return {
    start: tf.tensor2d(start, [1, start.length]),
    end: tf.tensor2d(end, [1, end.length]),
    map: tf.tensor3d(map, [1, map.length / 2, 2]),
  };
}
const numbers = (loss: ReturnType<typeof gtadLoss>) =>
  [loss.tem, loss.reg, loss.cls, loss.total].map((scalar) => scalar.dataSync()[0]!);

describe('G-TAD loss', () => {
  it('by hand', () => {
    const weights = lossWeights([video([0.95, 0.6, 0.1])], always);
    const loss = gtadLoss(output([0.2, 0.7], [0.6, 0.4], [0.9, 0.8, 0.5, 0.3, 0.4, 0.25]), weights);
    const tem = -0.5 * (Math.log(0.7) + Math.log(0.8)) - 0.5 * (Math.log(0.6) + Math.log(0.6));
    const reg = (0.5 / 3) * (0.05 ** 2 + 0.1 ** 2 + 0.3 ** 2);
    const cls = -0.5 * Math.log(0.8) - 0.25 * (Math.log(0.7) + Math.log(0.75));
    assertClose(numbers(loss), [tem, reg, cls, tem + 10 * reg + cls], 1e-5);
  });

  it('is finite without any positive, with nothing but positives, and for outputs of exactly 0 and 1', () => {
    for (const labels of [video([0, 0, 0], [0, 0], [0, 0]), video([1, 1, 1], [1, 1], [1, 1])]) {
      for (const value of [0, 0.5, 1]) {
        const loss = gtadLoss(
          output([value, value], [value, value], new Array<number>(6).fill(value)),
          lossWeights([labels], never),
        );
        for (const term of numbers(loss)) assert.ok(Number.isFinite(term), `${term} for outputs of ${value}`);
      }
    }
  });

  it('has the gradient of its value', () => {
    const weights = lossWeights([video([0.95, 0.6, 0.1]), video([0.2, 0, 0.75])], always);
    const start = seeded<tf.Rank.R2>([2, 2], 'start', 0.2, 0.8);
    const end = seeded<tf.Rank.R2>([2, 2], 'end', 0.2, 0.8);
    const map = seeded<tf.Rank.R3>([2, 3, 2], 'map', 0.2, 0.8);
    assertGradients((start, end, map) => gtadLoss({ start, end, map } as GtadOutput, weights).total, [start, end, map]);
  });
});
