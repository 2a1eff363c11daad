import * as tf from '@tensorflow/tfjs-core';
import { elementTypes, floats, fromTfjs, type NativeTensor, runOp, toTfjs } from '../../kernels/native-tensor.js';
import { isNative } from '../run-native.js';

/** A constant matrix with few nonzero entries. Its owner disposes of it. Products are not recorded on the tape. */
export interface SparseMatrix {
  /** matrix · x: `[columns, N]` → `[rows, N]`. */
  times(x: tf.Tensor2D): tf.Tensor2D;
  /** matrixᵀ · x: `[rows, N]` → `[columns, N]`. */
  transposedTimes(x: tf.Tensor2D): tf.Tensor2D;
  dispose(): void;
}

/** The nonzero entries of a row; columns ascend. */
export interface SparseRow {
  columns: Int32Array;
  values: Float32Array;
}

/** Makes a matrix of rows: compressed rows on the native engine, otherwise a dense matrix. */
export function sparseMatrix(rows: readonly SparseRow[], columns: number): SparseMatrix {
  return isNative() ? compressedRows(rows, columns) : denseMatrix(rows, columns);
}

const float32 = { type: elementTypes.float32 };

/**
 * SparseMatrixMatMul uses many threads and vector instructions; SparseTensorDenseMatMul uses neither and is 15
 * times slower. The transpose is kept as well, because a product with compressed rows takes half the time of
 * one with compressed columns.
 */
function compressedRows(rows: readonly SparseRow[], columns: number): SparseMatrix {
  const matrix = compressed(rows, columns);
  const [transpose] = runOp('SparseMatrixTranspose', [matrix], { type: float32, conjugate: false });
  const times = (a: NativeTensor, x: tf.Tensor2D) => {
    const [y] = consuming(fromTfjs(x), (b) => runOp('SparseMatrixMatMul', [a, b], { T: float32 }));
    return toTfjs(y!) as tf.Tensor2D;
  };
  return {
    times: (x) => times(matrix, x),
    transposedTimes: (x) => times(transpose!, x),
    dispose() {
      matrix.dispose();
      transpose!.dispose();
    },
  };
}

function compressed(rows: readonly SparseRow[], columns: number): NativeTensor {
  const count = rows.reduce((sum, row) => sum + row.values.length, 0);
  // Indices of rows and columns are made as float32, which is exact up to 2²⁴, and then cast.
  const places = new Float32Array(2 * count);
  const values = new Float32Array(count);
  let at = 0;
  rows.forEach((row, r) => {
    values.set(row.values, at);
    for (const column of row.columns) {
      places[2 * at] = r;
      places[2 * at + 1] = column;
      at++;
    }
  });
  const whole = { SrcT: float32, DstT: { type: elementTypes.int64 } };
  const [indices] = consuming(native(tf.tensor2d(places, [count, 2])), (x) => runOp('Cast', [x], whole));
  const [shape] = consuming(floats([rows.length, columns]), (x) => runOp('Cast', [x], whole));
  const entries = native(tf.tensor1d(values));
  const [matrix] = runOp('SparseTensorToCSRSparseMatrix', [indices!, entries, shape!], { T: float32 });
  for (const part of [indices!, entries, shape!]) part.dispose();
  return matrix!;
}

/** Hands a tensor of tfjs over. */
function native(x: tf.Tensor): NativeTensor {
  return consuming(x, fromTfjs);
}

/** Computes f(x) and disposes of x. */
function consuming<T extends { dispose(): void }, R>(x: T, f: (x: T) => R): R {
  const y = f(x);
  x.dispose();
  return y;
}

function denseMatrix(rows: readonly SparseRow[], columns: number): SparseMatrix {
  const all = new Float32Array(rows.length * columns);
  rows.forEach((row, r) => {
    row.columns.forEach((column, i) => (all[r * columns + column] = row.values[i]!));
  });
  const matrix = tf.keep(tf.tensor2d(all, [rows.length, columns]));
  return {
    times: (x) => tf.matMul(matrix, x),
    transposedTimes: (x) => tf.matMul(matrix, x, true),
    dispose() {
      matrix.dispose();
    },
  };
}
