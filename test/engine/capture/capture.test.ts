import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { captureCounts, captured, setCapture } from '../../../src/engine/capture/capture.js';
import { nativeTensorCount } from '../../../src/engine/kernels/native-tensor.js';
import { conv2d } from '../../../src/engine/ops/convolution/conv2d.js';
import { randomStream } from '../../../src/engine/random.js';

const { name } = await startEngine();
const native = name === 'tensorflow' ? {} : { skip: 'needs native TensorFlow' };

setCapture('on');
afterEach(() => {
  setCapture('on');
});

let works = 0;
/** A name under which nothing has been recorded. */
const fresh = () => `work ${works++}`;

const normal = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

/** Runs work with its counts: how many stretches ran as one call, and how many op by op. */
function counted<T>(work: () => T): { result: T; captured: number; eager: number } {
  const before = captureCounts()!;
  const result = work();
  const after = captureCounts()!;
  return { result, captured: after.captured - before.captured, eager: after.eager - before.eager };
}

/** The values that work gives without capturing. */
function uncaptured(work: () => tf.Tensor): number[] {
  setCapture('off');
  const values = [...tf.tidy(work).dataSync()];
  setCapture('on');
  return values;
}

/** A layer of everything that networks have, with its gradients. */
function layer(x: tf.Tensor4D, filter: tf.Tensor4D, rate: number): tf.Tensor {
  const loss = (x: tf.Tensor, w: tf.Tensor) => {
    const y = tf.relu(conv2d(x as tf.Tensor4D, w as tf.Tensor4D, { stride: 1, pad: [1, 1, 1, 1] }));
    const flat = tf.reshape(tf.maxPool(y, 2, 2, 'valid'), [x.shape[0], -1]);
    const scores = tf.softmax(tf.matMul(flat as tf.Tensor2D, tf.ones([flat.shape[1]!, 5])));
    return tf.mean<tf.Scalar>(tf.square(tf.sub(scores, tf.tanh(tf.sum(flat, 1, true)))));
  };
  const [dx, dw] = tf.grads(loss)([x, filter]);
  return tf.concat([tf.reshape(tf.sub(x, tf.mul(dx!, rate)), [-1]), tf.reshape(tf.mul(dw!, rate), [-1])]);
}

test('a step that comes again runs as one call, with the bits of single calls', native, () => {
  const work = fresh();
  const filter = normal([3, 3, 3, 4], 1) as tf.Tensor4D;
  let ran = 0;
  for (let i = 0; i < 6; i++) {
    const x = normal([2, 8, 8, 3], 10 + i) as tf.Tensor4D;
    const step = () => tf.tidy(() => layer(x, filter, 0.1 * (i + 1)));
    const expected = uncaptured(step);
    const { result, captured: calls } = counted(() => captured(work, step));
    assert.deepEqual([...result.dataSync()], expected, `step ${i}`);
    if (i < 2) assert.equal(calls, 0);
    else assert.ok(calls > 0, `step ${i}`);
    ran += calls;
  }
  assert.ok(ran >= 4);
});

test('a small constant that changes runs op by op, and is right', native, () => {
  const work = fresh();
  const x = normal([6, 4], 3) as tf.Tensor2D;
  const step = (first: number) => () => tf.tidy(() => tf.add(tf.slice(x, [first, 0], [2, 4]), 1));
  for (let i = 0; i < 4; i++) captured(work, step(0)).dispose();
  assert.equal(counted(() => captured(work, step(0))).captured, 1);
  for (const first of [1, 2, 3]) {
    const { result, captured: calls, eager } = counted(() => captured(work, step(first)));
    assert.deepEqual([...result.dataSync()], uncaptured(step(first)));
    assert.deepEqual([calls, eager], [0, 1]);
  }
  assert.equal(counted(() => captured(work, step(0))).captured, 1);
});

test('a float that changes is an input, not a part of what is captured', native, () => {
  const work = fresh();
  const x = normal([4], 4);
  for (let i = 0; i < 6; i++) {
    const step = () => tf.tidy(() => tf.mul(tf.add(x, i), 1 / (i + 1)));
    const { result, captured: calls } = counted(() => captured(work, step));
    assert.deepEqual([...result.dataSync()], uncaptured(step));
    assert.equal(calls, i < 2 ? 0 : 1);
  }
});

test('another shape is another way, which is captured in its turn', native, () => {
  const work = fresh();
  const inputs = [3, 5].map((rows) => normal([rows, 2], rows));
  const seen = Array.from({ length: 10 }, (_, i) => {
    const step = () => tf.tidy(() => tf.sum(tf.square(inputs[i % 2]!), 0));
    const { result, captured: calls } = counted(() => captured(work, step));
    assert.deepEqual([...result.dataSync()], uncaptured(step));
    return calls;
  });
  assert.deepEqual(seen, [0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
});

test('a read in the midst cuts the work in two, also where it decides what follows', native, () => {
  const work = fresh();
  const counts = [1, 1, 1, 1, -1, 1, -1, -1, -1].map((sign) => {
    const x = tf.tensor1d([sign, 2 * sign]);
    const step = () =>
      tf.tidy(() => {
        const sum = tf.sum(tf.mul(x, 2));
        return sum.dataSync()[0]! > 0 ? tf.add(x, sum) : tf.square(tf.sub(x, sum));
      });
    const { result, captured: calls } = counted(() => captured(work, step));
    assert.deepEqual([...result.dataSync()], uncaptured(step));
    return calls;
  });
  assert.deepEqual(counts, [0, 0, 2, 2, 1, 2, 1, 2, 2]);
});

test('sums of many are added in the order of a single call', native, () => {
  for (const count of [3, 8, 9, 10, 16, 17, 27]) {
    const work = fresh();
    for (let i = 0; i < 4; i++) {
      const parts = Array.from({ length: count }, (_, k) => normal([64], 100 * i + k));
      // Some parts are made in the work, so that their memory could be overwritten.
      const step = () => tf.tidy(() => tf.addN(parts.map((part, k) => (k % 3 === 1 ? tf.mul(part, 1.1) : part))));
      const { result, captured: calls } = counted(() => captured(work, step));
      assert.deepEqual([...result.dataSync()], uncaptured(step), `${count} parts`);
      assert.equal(calls, i < 2 ? 0 : 1);
    }
  }
});

test('an op that fails throws as it does otherwise, and what was made before it is there', native, () => {
  const work = fresh();
  const x = normal([2, 3], 5) as tf.Tensor2D;
  const made: tf.Tensor[] = [];
  const step = (size: number) => () =>
    tf.tidy(() => {
      made.push(tf.keep(tf.square(x)));
      return tf.reshape(tf.gather(x, tf.tensor1d([size], 'int32')), [3]);
    });
  for (let i = 0; i < 4; i++) captured(work, step(1));
  // The index lies outside.
  assert.throws(() => captured(work, step(7)).dataSync());
  const expected = uncaptured(() => tf.square(x));
  for (const tensor of made) assert.deepEqual([...tensor.dataSync()], expected);
  assert.deepEqual([...captured(work, step(0)).dataSync()], uncaptured(step(0)));
});

test('work that throws has done what it asked for, and leaves no tensor behind', native, () => {
  const work = fresh();
  const x = normal([3], 6);
  const step = (fails: boolean) => () =>
    tf.tidy(() => {
      const y = tf.square(x);
      if (fails) throw new Error('stop');
      return tf.add(y, 1);
    });
  for (let i = 0; i < 4; i++) captured(work, step(false)).dispose();
  const [before, nativeBefore] = [tf.memory().numTensors, nativeTensorCount()];
  assert.throws(() => captured(work, step(true)), /stop/);
  assert.deepEqual([tf.memory().numTensors, nativeTensorCount()], [before, nativeBefore]);
});

test('tensors that live from step to step are handed on, and none is left', native, () => {
  const work = fresh();
  const gradients = randomStream(0, 'gradients');
  let weight = tf.zeros([4]);
  let velocity = tf.zeros([4]);
  const expected = { weight: new Float32Array(4), velocity: new Float32Array(4) };
  let counts: [number, number] | undefined;
  for (let i = 0; i < 40; i++) {
    const gradient = Float32Array.from({ length: 4 }, () => gradients.normal());
    captured(work, () => {
      const [w, v] = tf.tidy((): [tf.Tensor, tf.Tensor] => {
        const v = tf.add(tf.mul(velocity, 0.5), tf.tensor1d(gradient));
        return [tf.sub(weight, v), v];
      });
      tf.dispose([weight, velocity]);
      [weight, velocity] = [w, v];
    });
    for (let k = 0; k < 4; k++) {
      expected.velocity[k] = Math.fround(expected.velocity[k]! * 0.5) + gradient[k]!;
      expected.weight[k] = expected.weight[k]! - expected.velocity[k]!;
    }
    counts ??= [tf.memory().numTensors, nativeTensorCount()];
    assert.deepEqual([tf.memory().numTensors, nativeTensorCount()], counts, `step ${i}`);
  }
  assert.deepEqual([...weight.dataSync()], [...expected.weight]);
  tf.dispose([weight, velocity]);
});

test('functions are dropped, least used first, and made again', native, () => {
  const names = [fresh(), fresh()];
  const shapes = Array.from({ length: 40 }, (_, i) => tf.ones([i + 1]));
  const step = (x: tf.Tensor) => () => tf.tidy(() => tf.add(x, 1));
  // Together more shapes than functions that are kept.
  for (const work of names)
    for (let round = 0; round < 4; round++)
      for (const x of shapes) assert.deepEqual([...captured(work, step(x)).dataSync()], [...tf.add(x, 1).dataSync()]);
  const last = () => counted(() => captured(names[1]!, step(shapes[39]!))).captured;
  const first = () => counted(() => captured(names[0]!, step(shapes[0]!))).captured;
  assert.equal(last(), 1);
  assert.deepEqual([first(), first(), first()], [0, 0, 1]);
});

test('work that never comes again is given up, and runs on as it is', native, () => {
  const work = fresh();
  const step = (size: number) => () => tf.tidy(() => tf.add(tf.ones([size]), 1));
  for (let size = 1; size <= 60; size++) captured(work, step(size)).dispose();
  for (let i = 0; i < 5; i++) assert.equal(counted(() => captured(work, step(3))).captured, 0);
});

test('work within captured work is part of it, and off means off', native, () => {
  const [outer, inner] = [fresh(), fresh()];
  const x = normal([3], 8);
  const step = () => captured(outer, () => tf.tidy(() => captured(inner, () => tf.add(tf.square(x), 1))));
  for (let i = 0; i < 3; i++) step();
  assert.deepEqual((({ captured, eager }) => [captured, eager])(counted(step)), [1, 0]);
  setCapture('off');
  assert.deepEqual((({ captured, eager }) => [captured, eager])(counted(step)), [0, 0]);
});
