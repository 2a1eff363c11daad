import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import type { Held, Kernels, Normalization } from '../../../src/engine/kernels/kernels.js';
import { nativeTensorCount } from '../../../src/engine/kernels/native-tensor.js';
import { nativeKernels } from '../../../src/engine/kernels/native-kernels.js';
import { portableKernels } from '../../../src/engine/kernels/portable-kernels.js';
import type { ConvGeometry, EvenGeometry } from '../../../src/engine/ops/convolution/conv2d.js';
import { randomStream } from '../../../src/engine/random.js';

const { name } = await startEngine();
const native = name === 'tensorflow' ? {} : { skip: 'needs native TensorFlow' };
const random = randomStream(0, 'kernels');

const normal = (shape: number[]) => tf.randomNormal(shape, 0, 1, 'float32', random.below(2 ** 31));
const take = (x: tf.Tensor) => {
  const data = x.dataSync();
  x.dispose();
  return data;
};
const cosine = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return ab / Math.sqrt(aa * bb);
};
/** Largest difference, relative to the largest value. */
const apart = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  assert.equal(a.length, b.length);
  let [difference, largest] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    difference = Math.max(difference, Math.abs(a[i]! - b[i]!));
    largest = Math.max(largest, Math.abs(b[i]!));
  }
  return difference / largest;
};

/** Kinds of convolutions in the encoders: with odd sizes, uneven strides, few channels and many. */
const convolutions: { kernel: [number, number]; geometry: ConvGeometry; channels: [number, number] }[] = [
  { kernel: [1, 1], geometry: { stride: 1, pad: [0, 0, 0, 0] }, channels: [5, 7] },
  { kernel: [1, 1], geometry: { stride: 2, pad: [0, 0, 0, 0] }, channels: [8, 6] },
  { kernel: [3, 3], geometry: { stride: 1, pad: [1, 1, 1, 1] }, channels: [8, 6] },
  { kernel: [3, 3], geometry: { stride: 2, pad: [1, 1, 1, 1] }, channels: [8, 6] },
  { kernel: [7, 7], geometry: { stride: 2, pad: [3, 3, 3, 3] }, channels: [3, 8] },
  { kernel: [1, 7], geometry: { stride: [1, 2], pad: [0, 0, 3, 3] }, channels: [3, 8] },
  { kernel: [3, 1], geometry: { stride: [1, 1], pad: [1, 1, 0, 0] }, channels: [6, 4] },
  { kernel: [3, 1], geometry: { stride: [2, 1], pad: [1, 1, 0, 0] }, channels: [6, 4] },
];

/** The three products of a convolution with a batch of images of the given size. */
function products<T extends Held>(
  k: Kernels<T>,
  { geometry }: (typeof convolutions)[number],
  [x, filter, dy]: readonly [tf.Tensor, tf.Tensor, tf.Tensor],
): Float32Array[] {
  const inputs = [x, filter, dy].map((t) => k.from(t)) as [T, T, T];
  const [images, weights, gradient] = inputs;
  const found = [
    k.conv2d(images, weights, geometry),
    k.conv2dInput(gradient, weights, x.shape, geometry),
    k.conv2dFilter(images, gradient, filter.shape, geometry),
  ].map((y) => take(k.toTensor(y)) as Float32Array);
  for (const input of inputs) input.dispose();
  return found;
}

function example({ kernel, geometry, channels: [c, o] }: (typeof convolutions)[number], height: number, width: number) {
  const x = normal([2, height, width, c]);
  const filter = normal([...kernel, c, o]);
  const y = portableKernels.conv2d(x, filter, geometry);
  const dy = normal(y.shape);
  y.dispose();
  return [x, filter, dy] as const;
}

test('convolutions and both their gradients are those of the portable kernels', native, () => {
  const before = [tf.memory().numTensors, nativeTensorCount()];
  for (const convolution of convolutions)
    for (const [height, width] of [
      [12, 12],
      [9, 14],
      [7, 5],
    ] as const) {
      const tensors = example(convolution, height, width);
      const expected = products(portableKernels, convolution, tensors);
      const found = products(nativeKernels('float32'), convolution, tensors);
      for (const [i, of] of ['output', 'input', 'filter'].entries())
        assert.ok(
          apart(found[i]!, expected[i]!) < 1e-5,
          `${of} of ${JSON.stringify(convolution)} at ${height}x${width}: ${apart(found[i]!, expected[i]!)}`,
        );
      tf.dispose([...tensors]);
    }
  assert.deepEqual([tf.memory().numTensors, nativeTensorCount()], before);
});

test('so are depthwise ones', native, () => {
  const before = [tf.memory().numTensors, nativeTensorCount()];
  const found = <T extends Held>(k: Kernels<T>, tensors: readonly tf.Tensor[], geometry: EvenGeometry) => {
    const inputs = tensors.map((t) => k.from(t)) as [T, T, T];
    const [x, filter, dy] = inputs;
    const made = [
      k.depthwise(x, filter, geometry),
      k.depthwiseInput(dy, filter, x.shape, geometry),
      k.depthwiseFilter(x, dy, filter.shape, geometry),
      k.biasGradient(dy),
    ].map((y) => take(k.toTensor(y)));
    for (const input of inputs) input.dispose();
    return made;
  };
  for (const geometry of [
    { stride: 1, pad: [1, 1, 1, 1] },
    { stride: 2, pad: [0, 1, 1, 1] },
  ] satisfies EvenGeometry[]) {
    const [x, filter] = [normal([2, 8, 7, 5]), normal([3, 3, 5, 1])];
    const y = portableKernels.depthwise(x, filter, geometry);
    const tensors = [x, filter, normal(y.shape)];
    y.dispose();
    const expected = found(portableKernels, tensors, geometry);
    for (const [i, values] of found(nativeKernels('float32'), tensors, geometry).entries())
      assert.ok(apart(values, expected[i]!) < 1e-5, `${i} of stride ${geometry.stride}`);
    tf.dispose(tensors);
  }
  assert.deepEqual([tf.memory().numTensors, nativeTensorCount()], before);
});

test('in bfloat16 they go the same way, whichever precision gradients of filters have', native, () => {
  for (const filtersToo of [false, true])
    for (const convolution of convolutions) {
      const tensors = example(convolution, 12, 12);
      const expected = products(portableKernels, convolution, tensors);
      const found = products(nativeKernels('bfloat16', filtersToo), convolution, tensors);
      for (const [i, of] of ['output', 'input', 'filter'].entries()) {
        const c = cosine(found[i]!, expected[i]!);
        assert.ok(c > 0.999, `${of} of ${JSON.stringify(convolution)}: cosine ${c}`);
      }
      tf.dispose([...tensors]);
    }
});

test("a max pool's gradient goes to the first of equals, over more images than are taken at once", native, () => {
  const before = [tf.memory().numTensors, nativeTensorCount()];
  // Few different whole numbers, so that windows often have several equal maxima.
  const x = tf.tensor(
    Array.from({ length: 11 * 6 * 7 * 2 }, () => random.below(3)),
    [11, 6, 7, 2],
  );
  const gradient = <T extends Held>(k: Kernels<T>, dy: tf.Tensor) => {
    const vector = (value: number) => {
      const filled = tf.fill([2], value);
      const made = k.vector(filled);
      filled.dispose();
      return made;
    };
    const by: Normalization<T> = {
      ...{ scale: vector(2), offset: vector(1), mean: vector(0), variance: vector(1) },
      epsilon: 0,
    };
    const [images, d] = [k.from(x), k.from(dy)];
    const normalised = k.normalize(images, by);
    const y = k.maxPool(normalised);
    const dx = take(k.toTensor(k.maxPoolGradient(d, images, by, y)));
    for (const each of [images, d, normalised, y, by.scale, by.offset, by.mean, by.variance]) each.dispose();
    return dx;
  };
  const dy = normal([11, 3, 4, 2]);
  const found = gradient(nativeKernels('float32'), dy);

  // The expected gradient by hand: the first maximum of each window, row by row, takes all of it.
  const expected = new Float32Array(x.size);
  const [values, gradients] = [x.dataSync(), dy.dataSync()];
  const at = (n: number, r: number, column: number, c: number) => ((n * 6 + r) * 7 + column) * 2 + c;
  for (let n = 0; n < 11; n++)
    for (let r = 0; r < 3; r++)
      for (let column = 0; column < 4; column++)
        for (let c = 0; c < 2; c++) {
          let best = -1;
          for (let i = Math.max(2 * r - 1, 0); i <= Math.min(2 * r + 1, 5); i++)
            for (let j = Math.max(2 * column - 1, 0); j <= Math.min(2 * column + 1, 6); j++)
              if (best < 0 || values[at(n, i, j, c)]! > values[best]!) best = at(n, i, j, c);
          expected[best]! += gradients[((n * 3 + r) * 4 + column) * 2 + c]!;
        }
  assert.ok(apart(found, expected) < 1e-6);
  tf.dispose([x, dy]);
  assert.deepEqual([tf.memory().numTensors, nativeTensorCount()], before);
});
