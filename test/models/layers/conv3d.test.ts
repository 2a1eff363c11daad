import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { randomStream } from '../../../src/engine/random.js';
import { eachFrame, spatialConv, temporalConv } from '../../../src/models/layers/conv3d.js';
import type { Layer } from '../../../src/models/layers/layer.js';
import { Parameters } from '../../../src/models/parameters.js';
import { assertClose, assertGradients, assertLeavesNothing, seeded } from '../../support/numeric.js';

await startEngine();

type Triple = [number, number, number];

/** 3-D convolution by its definition: x `[N, T, H, W, C]`, filter `[kt, kh, kw, C, O]`, padded by (k - 1) / 2. */
function naive(x: tf.Tensor5D, filter: tf.Tensor5D, stride: Triple): number[] {
  const [n, t, h, w, c] = x.shape;
  const [kt, kh, kw, , out] = filter.shape;
  const size: Triple = [t, h, w];
  const kernel: Triple = [kt, kh, kw];
  const [ot, oh, ow] = size.map((s, a) => Math.floor((s - 1) / stride[a]!) + 1) as Triple;
  const input = x.dataSync();
  const weights = filter.dataSync();
  const result: number[] = [];
  for (let video = 0; video < n; video++)
    for (let at = 0; at < ot * oh * ow * out; at++) {
      const o = at % out;
      const place = Math.floor(at / out);
      const from = [Math.floor(place / (oh * ow)), Math.floor(place / ow) % oh, place % ow];
      let sum = 0;
      for (let tap = 0; tap < kt * kh * kw; tap++) {
        const offset = [Math.floor(tap / (kh * kw)), Math.floor(tap / kw) % kh, tap % kw];
        const [a, b, d] = from.map((f, i) => f * stride[i]! + offset[i]! - (kernel[i]! - 1) / 2) as Triple;
        if (a < 0 || a >= t || b < 0 || b >= h || d < 0 || d >= w) continue;
        for (let channel = 0; channel < c; channel++)
          sum += input[(((video * t + a) * h + b) * w + d) * c + channel]! * weights[(tap * c + channel) * out + o]!;
      }
      result.push(sum);
    }
  return result;
}

const cases: [what: string, layer: Layer<tf.Tensor5D>, stride: Triple, size: Triple][] = [
  ['1x3x3', spatialConv('c', { in: 2, out: 3, kernel: 3 }), [1, 1, 1], [2, 3, 4]],
  ['1x3x3, stride 2 in space', spatialConv('c', { in: 2, out: 3, kernel: 3, stride: 2 }), [1, 2, 2], [2, 5, 4]],
  [
    '1x1x1, every stride 2',
    spatialConv('c', { in: 2, out: 3, kernel: 1, stride: 2, frameStride: 2 }),
    [2, 2, 2],
    [5, 3, 4],
  ],
  [
    '1x1x1, every stride 2, even',
    spatialConv('c', { in: 2, out: 3, kernel: 1, stride: 2, frameStride: 2 }),
    [2, 2, 2],
    [4, 4, 2],
  ],
  ['3x1x1', temporalConv('c', { in: 2, out: 3, kernel: 3 }), [1, 1, 1], [4, 2, 3]],
  ['3x1x1, stride 2', temporalConv('c', { in: 2, out: 3, kernel: 3, stride: 2 }), [2, 1, 1], [4, 2, 3]],
  ['3x1x1, stride 2, odd', temporalConv('c', { in: 2, out: 3, kernel: 3, stride: 2 }), [2, 1, 1], [5, 2, 2]],
  ['3x1x1 of one frame', temporalConv('c', { in: 2, out: 3, kernel: 3, stride: 2 }), [2, 1, 1], [1, 2, 2]],
];

describe('convolutions of videos are 3-D convolutions: value and gradient', () => {
  for (const [what, layer, stride, size] of cases) {
    it(what, () => {
      const parameters = new Parameters(layer.parameters, randomStream(1));
      const x = seeded<tf.Rank.R5>([2, ...size, 2], 'x');
      const filter = parameters.get<tf.Tensor5D>('c.weight');
      const apply = (from: tf.Tensor5D) => layer.apply(from, { parameters, normalization: 'running' });
      const y = apply(x);
      assert.deepEqual(y.shape, [2, ...size.map((s, a) => Math.ceil(s / stride[a]!)), 3]);
      assertClose(y.dataSync(), naive(x, filter, stride), 1e-5);
      assertGradients((a) => apply(a as tf.Tensor5D), [x]);
      const withFilter = (values: tf.Tensor) => {
        const get = () => values;
        return layer.apply(x, { parameters: { get } as unknown as Parameters, normalization: 'running' });
      };
      assertGradients(withFilter, [tf.clone(filter)]);
      assertLeavesNothing(() => tf.tidy(() => apply(x)));
    });
  }
});

it('a layer of images sees each frame of each video', () => {
  const seen: number[][] = [];
  const half: Layer = {
    parameters: [],
    apply(x) {
      seen.push(x.shape);
      return tf.slice(x, [0, 0, 0, 0], [-1, 1, -1, -1]);
    },
  };
  const x = seeded<tf.Rank.R5>([2, 3, 2, 5, 4], 'x');
  const parameters = new Parameters([], randomStream(1));
  const y = eachFrame(half).apply(x, { parameters, normalization: 'running' });
  assert.deepEqual(seen, [[6, 2, 5, 4]]);
  assert.deepEqual(y.shape, [2, 3, 1, 5, 4]);
  assert.deepEqual(y.dataSync(), tf.slice(x, [0, 0, 0, 0, 0], [-1, -1, 1, -1, -1]).dataSync());
});
