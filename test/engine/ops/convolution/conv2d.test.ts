import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../../src/engine/backend.js';
import {
  conv2d,
  depthwiseConv2d,
  type ConvGeometry,
  type EvenGeometry,
  type Padding,
} from '../../../../src/engine/ops/convolution/conv2d.js';
import { assertClose, assertGradients, assertLeavesNothing, seeded } from '../../../support/numeric.js';

await startEngine();

/** One case of a square kernel. */
interface Square {
  kernel: number;
  stride: number;
  pad: Padding;
  size: [number, number];
}

/** Kernels 1, 3 and 7, both strides, symmetric, one-sided and no padding, sizes that a stride does not divide. */
const cases: Square[] = [
  { kernel: 1, stride: 1, pad: [0, 0, 0, 0], size: [3, 2] },
  { kernel: 1, stride: 2, pad: [0, 0, 0, 0], size: [5, 4] },
  { kernel: 3, stride: 1, pad: [1, 1, 1, 1], size: [4, 3] },
  { kernel: 3, stride: 1, pad: [0, 2, 1, 0], size: [3, 4] },
  { kernel: 3, stride: 2, pad: [1, 1, 1, 1], size: [6, 5] },
  { kernel: 3, stride: 2, pad: [0, 1, 0, 1], size: [6, 4] },
  { kernel: 7, stride: 2, pad: [3, 3, 3, 3], size: [6, 7] },
];

/** The convolution by its definition, in doubles. `depthwise`: each channel has its own filter. */
function naive(x: tf.Tensor4D, filter: tf.Tensor4D, { stride, pad }: ConvGeometry, depthwise: boolean): number[] {
  const [n, h, w, c] = x.shape;
  const [kh, kw, , last] = filter.shape;
  const out = depthwise ? c : last;
  const [top, bottom, left, right] = pad;
  const [down, across] = typeof stride === 'number' ? [stride, stride] : stride;
  const oh = Math.floor((h + top + bottom - kh) / down) + 1;
  const ow = Math.floor((w + left + right - kw) / across) + 1;
  const input = x.dataSync();
  const weights = filter.dataSync();
  const result: number[] = [];
  for (let image = 0; image < n; image++)
    for (let row = 0; row < oh; row++)
      for (let column = 0; column < ow; column++)
        for (let o = 0; o < out; o++) {
          let sum = 0;
          for (let i = 0; i < kh; i++)
            for (let j = 0; j < kw; j++) {
              const y = row * down + i - top;
              const z = column * across + j - left;
              if (y < 0 || y >= h || z < 0 || z >= w) continue;
              const at = ((image * h + y) * w + z) * c;
              if (depthwise) sum += input[at + o]! * weights[(i * kw + j) * c + o]!;
              else
                for (let channel = 0; channel < c; channel++)
                  sum += input[at + channel]! * weights[((i * kw + j) * c + channel) * out + o]!;
            }
          result.push(sum);
        }
  return result;
}

for (const [name, op, depthwise] of [
  ['conv2d', conv2d, false],
  ['depthwiseConv2d', depthwiseConv2d, true],
] as const) {
  describe(name, () => {
    for (const { kernel, stride, pad, size } of cases) {
      it(`kernel ${kernel}, stride ${stride}, padding ${pad.join(' ')}, ${size.join('x')}: value and gradient`, () => {
        const x = seeded<tf.Rank.R4>([2, ...size, 2], 'x');
        const filter = seeded<tf.Rank.R4>([kernel, kernel, 2, depthwise ? 1 : 3], 'filter');
        const geometry = { stride, pad };
        const y = op(x, filter, geometry);
        const expected = naive(x, filter, geometry, depthwise);
        assertClose(y.dataSync(), expected, 1e-5);
        assert.equal(y.shape[3], depthwise ? 2 : 3);
        assertGradients((a, b) => op(a as tf.Tensor4D, b as tf.Tensor4D, geometry), [x, filter]);
        tf.dispose([x, filter, y]);
      });
    }

    it('leaves no tensors behind, forward or backward', () => {
      const x = seeded<tf.Rank.R4>([1, 5, 5, 2], 'x');
      const filter = seeded<tf.Rank.R4>([3, 3, 2, depthwise ? 1 : 2], 'filter');
      const geometry: EvenGeometry = { stride: 2, pad: [1, 1, 1, 1] };
      assertLeavesNothing(() => tf.tidy(() => op(x, filter, geometry)));
      assertLeavesNothing(() =>
        tf.grads((a, b) => tf.sum(op(a as tf.Tensor4D, b as tf.Tensor4D, geometry)))([x, filter]),
      );
      tf.dispose([x, filter]);
    });
  });
}

describe('conv2d', () => {
  it('by hand: 2x2 of ones over 1..9, padded at the top and the left', () => {
    const x = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
    const y = conv2d(x, tf.ones([2, 2, 1, 1]), { stride: 2, pad: [1, 0, 1, 0] });
    assert.deepEqual(y.shape, [1, 2, 2, 1]);
    assert.deepEqual([...y.dataSync()], [1, 5, 11, 28]);
  });

  // Convolutions over time: the rows are frames, the columns the places of a frame.
  for (const [kh, kw, stride, rows] of [
    [3, 1, [1, 1], 4],
    [3, 1, [2, 1], 4],
    [3, 1, [2, 1], 5],
    [3, 1, [2, 1], 1],
    [2, 3, [1, 2], 3],
  ] as const) {
    it(`kernel ${kh}x${kw}, strides ${stride.join(' ')}, ${rows} rows: value and gradient`, () => {
      const x = seeded<tf.Rank.R4>([2, rows, 3, 2], 'x');
      const filter = seeded<tf.Rank.R4>([kh, kw, 2, 3], 'filter');
      const geometry: ConvGeometry = { stride, pad: [1, 1, 0, 0] };
      assertClose(conv2d(x, filter, geometry).dataSync(), naive(x, filter, geometry, false), 1e-5);
      assertGradients((a, b) => conv2d(a as tf.Tensor4D, b as tf.Tensor4D, geometry), [x, filter]);
    });
  }

  it('without an input gradient gives the filter the same one', () => {
    const x = seeded<tf.Rank.R4>([1, 4, 4, 2], 'x');
    const filter = seeded<tf.Rank.R4>([3, 3, 2, 2], 'filter');
    const gradient = (inputGradient: boolean) =>
      tf.grad((f) => tf.sum(tf.square(conv2d(x, f as tf.Tensor4D, { stride: 1, pad: [1, 1, 1, 1], inputGradient }))))(
        filter,
      );
    assert.deepEqual(gradient(false).dataSync(), gradient(true).dataSync());
    const image = () =>
      tf.grad((a) => tf.sum(conv2d(a as tf.Tensor4D, filter, { stride: 1, pad: [1, 1, 1, 1], inputGradient: false })))(
        x,
      );
    assert.throws(image, /Cannot compute gradient/);
  });
});
