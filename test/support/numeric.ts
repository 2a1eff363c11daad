import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { randomStream } from '../../src/engine/random.js';

/** Uniform numbers in [low, high), always the same for the same name. */
export function seededArray(length: number, name: string, low = -1, high = 1): Float32Array {
  const random = randomStream(7, name);
  return Float32Array.from({ length }, () => random.between(low, high));
}

/** {@link seededArray} as a tensor. */
export function seeded<R extends tf.Rank>(shape: tf.ShapeMap[R], name: string, low = -1, high = 1): tf.Tensor<R> {
  const size = (shape as number[]).reduce((a, b) => a * b, 1);
  return tf.tensor<R>(seededArray(size, name, low, high), shape);
}

/** Asserts that the largest error, relative to the largest expected value, is at most `tolerance`. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what = 'values',
): void {
  assert.equal(actual.length, expected.length, `${what}: length`);
  let worst = 0;
  let at = 0;
  let scale = 1e-12;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!);
    // Every comparison with NaN is false, so written this way a NaN counts as the worst error.
    if (!(error <= worst)) [worst, at] = [error, i];
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  assert.ok(
    worst <= tolerance * scale,
    `${what}: [${at}] is ${actual[at]!}, not ${expected[at]!} (largest value ${scale}, tolerance ${tolerance})`,
  );
}

/**
 * Compares the gradient of a random projection of `f` with central differences, element by element. `f` must be smooth
 * within `step` of the inputs.
 */
export function assertGradients(
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: readonly tf.Tensor[],
  { step = 1e-2, tolerance = 1e-2 } = {},
): void {
  const size = tf.tidy(() => f(...inputs).size);
  const projection = seededArray(size, 'projection');
  // The sum is in doubles, so that the difference of two close values is accurate.
  const project = (changed: tf.Tensor[]) =>
    tf.tidy(() => f(...changed).dataSync<'float32'>()).reduce((sum, value, i) => sum + value * projection[i]!, 0);
  const analytic = tf.tidy(() => {
    const total = (...xs: tf.Tensor[]) => {
      const y = f(...xs);
      return tf.sum(tf.mul(y, tf.tensor(projection, y.shape)));
    };
    return tf
      .grads(total)([...inputs])
      .map((gradient) => gradient.dataSync<'float32'>());
  });
  inputs.forEach((input, n) => {
    const values = input.dataSync<'float32'>();
    const numeric = Array.from(values, (_, i) => {
      const moved = (by: number) =>
        tf.tidy(() => {
          const changed = Float32Array.from(values);
          changed[i]! += by;
          return project(inputs.map((other, m) => (m === n ? tf.tensor(changed, input.shape) : other)));
        });
      return (moved(step) - moved(-step)) / (2 * step);
    });
    assertClose(analytic[n]!, numeric, tolerance, `gradient of input ${n}`);
  });
}

/** Asserts that after `work` only the tensors that it returns are alive, and disposes of them. */
export function assertLeavesNothing(work: () => tf.Tensor | tf.Tensor[]): void {
  const before = tf.memory().numTensors;
  const result = work();
  const kept = Array.isArray(result) ? result.length : 1;
  assert.equal(tf.memory().numTensors - before, kept, 'tensors left behind');
  tf.dispose(result);
  assert.equal(tf.memory().numTensors, before);
}
