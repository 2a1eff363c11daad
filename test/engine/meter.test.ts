import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../src/engine/backend.js';
import { metered } from '../../src/engine/meter.js';
import { conv2d, depthwiseConv2d } from '../../src/engine/ops/convolution/conv2d.js';
import { isNative } from '../../src/engine/ops/run-native.js';

before(() => startEngine());

void test('bytes: the most that is alive at a time, and what stays', (t) => {
  if (!isNative()) {
    t.skip('needs native TensorFlow');
    return;
  }
  metered((read) => {
    const a = tf.ones([1000]);
    const b = tf.add(a, 1);
    a.dispose();
    const c = tf.add(b, 1);
    c.dispose();
    const { peakBytes, aliveBytes } = read();
    // Apart from the additions' scalars: first a and b, then b and c.
    assert.ok(peakBytes >= 8000 && peakBytes < 8100, String(peakBytes));
    assert.ok(aliveBytes >= 4000 && aliveBytes < 4100, String(aliveBytes));
    b.dispose();
    const after = read();
    assert.deepEqual([after.peakBytes, after.aliveBytes], [aliveBytes, aliveBytes - 4000]);
  });
});

void test('another shape of the same values takes no more', (t) => {
  if (!isNative()) {
    t.skip('needs native TensorFlow');
    return;
  }
  metered((read) => {
    const x = tf.reshape(tf.ones([10, 100]), [1000]);
    assert.ok(read().peakBytes < 4100);
    x.dispose();
  });
});

void test('operations of products and convolutions, forward and backward', (t) => {
  if (!isNative()) {
    t.skip('needs native TensorFlow');
    return;
  }
  const flops = (work: () => tf.Tensor | tf.Tensor[]) =>
    metered((read) => {
      tf.dispose(tf.tidy(work));
      return read().flops;
    });
  assert.equal(
    flops(() => tf.matMul(tf.ones([3, 5]), tf.ones([5, 7]))),
    2 * 3 * 7 * 5,
  );
  assert.equal(
    flops(() => tf.matMul(tf.ones([2, 5, 3]), tf.ones([2, 7, 5]), true, true)),
    2 * 2 * 3 * 7 * 5,
  );
  const conv = (x: tf.Tensor, filter: tf.Tensor) =>
    conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, { stride: 2, pad: [1, 1, 1, 1] });
  const forward = 2 * (2 * 4 * 4 * 6) * (3 * 3 * 5);
  assert.equal(
    flops(() => conv(tf.ones([2, 8, 8, 5]), tf.ones([3, 3, 5, 6]))),
    forward,
  );
  assert.equal(
    flops(() => tf.grads(conv)([tf.ones([2, 8, 8, 5]), tf.ones([3, 3, 5, 6])])),
    3 * forward,
  );
  const depthwise = () =>
    depthwiseConv2d(tf.ones([2, 8, 8, 5]), tf.ones([3, 3, 5, 1]), { stride: 1, pad: [1, 1, 1, 1] });
  assert.equal(flops(depthwise), 2 * (2 * 8 * 8 * 5) * 9);
});
