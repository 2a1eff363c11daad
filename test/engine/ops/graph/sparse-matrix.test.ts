import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../../src/engine/backend.js';
import { nativeTensorCount } from '../../../../src/engine/kernels/native-tensor.js';
import { sparseMatrix, type SparseRow } from '../../../../src/engine/ops/graph/sparse-matrix.js';
import { assertClose, assertLeavesNothing, seeded, seededArray } from '../../../support/numeric.js';

await startEngine();

const row = (entries: Record<number, number>): SparseRow => ({
  columns: Int32Array.from(Object.keys(entries), Number),
  values: Float32Array.from(Object.values(entries)),
});
/** The last column and a row in the middle are empty. */
const rows = [row({ 0: 1, 2: -2 }), row({}), row({ 1: 0.5 }), row({ 0: 3, 1: 4, 2: 5 })];

test('a product and one with the transpose, by hand', () => {
  const matrix = sparseMatrix(rows, 4);
  const y = matrix.times(tf.tensor2d([1, 10, 2, 20, 3, 30, 7, 70], [4, 2]));
  assert.deepEqual(y.arraySync(), [
    [-5, -50],
    [0, 0],
    [1, 10],
    [26, 260],
  ]);
  const x = matrix.transposedTimes(tf.tensor2d([1, 2, 4, 8], [4, 1]));
  assert.deepEqual(x.arraySync(), [[25], [34], [38], [0]]);
  matrix.dispose();
});

test('many rows and columns: what the dense matrix gives', () => {
  const dense = seededArray(300 * 70, 'dense').map((value) => (Math.abs(value) < 0.1 ? value : 0));
  const list = Array.from({ length: 300 }, (_, r) => {
    const entries = [...dense.subarray(70 * r, 70 * (r + 1)).entries()].filter(([, value]) => value !== 0);
    return row(Object.fromEntries(entries));
  });
  const reference = tf.tensor2d(dense, [300, 70]);
  const matrix = sparseMatrix(list, 70);
  const x = seeded<tf.Rank.R2>([70, 40], 'x');
  assertClose(matrix.times(x).dataSync(), tf.matMul(reference, x).dataSync(), 1e-6);
  const dy = seeded<tf.Rank.R2>([300, 40], 'dy');
  assertClose(matrix.transposedTimes(dy).dataSync(), tf.matMul(reference, dy, true).dataSync(), 1e-6);
  matrix.dispose();
});

test('products leave nothing behind, and a matrix goes when it is told', () => {
  const alive = () => tf.memory().numTensors + nativeTensorCount();
  const before = alive();
  const matrix = sparseMatrix(rows, 4);
  const kept = alive();
  assert.ok(kept > before);
  const x = tf.ones<tf.Rank.R2>([4, 3]);
  assertLeavesNothing(() => matrix.times(x));
  assertLeavesNothing(() => matrix.transposedTimes(x));
  x.dispose();
  assert.equal(alive(), kept);
  tf.tidy(() => {
    matrix.times(tf.ones([4, 3]));
  });
  assert.equal(alive(), kept);
  matrix.dispose();
  assert.equal(alive(), before);
});
