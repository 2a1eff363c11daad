import * as tf from '@tensorflow/tfjs-core';
import { isNative, opAttributes, type AttributeTypes, type AttributeValue, type OpAttribute } from './run-native.js';

/**
 * Plain functions on float32 tensors for ops that write out their gradients. They are not recorded on the tape and must
 * run within `tf.tidy`. On the native engine they call TensorFlow's kernels by name, because tfjs's own path to them
 * takes longer than many of the kernels.
 */
export interface Algebra {
  scalar(value: number): Operand;
  /** `[C, 1]`: a product with it is the mean of each row. */
  averaging(channels: number): Operand;
  /** Product of matrices, or of as many pairs of matrices as the leading axes count. */
  matMul(a: tf.Tensor, b: Operand, transposeA?: boolean, transposeB?: boolean): tf.Tensor;
  add(a: tf.Tensor, b: Operand): tf.Tensor;
  sub(a: Operand, b: Operand): tf.Tensor;
  mul(a: tf.Tensor, b: Operand): tf.Tensor;
  square(x: tf.Tensor): tf.Tensor;
  rsqrt(x: tf.Tensor): tf.Tensor;
  exp(x: tf.Tensor): tf.Tensor;
  erf(x: tf.Tensor): tf.Tensor;
  sigmoid(x: tf.Tensor): tf.Tensor;
  tanh(x: tf.Tensor): tf.Tensor;
  relu(x: tf.Tensor): tf.Tensor;
  /** The gradient of ReLU, given its output y. */
  reluGradient(dy: tf.Tensor, y: tf.Tensor): tf.Tensor;
  /** Softmax over the last axis. */
  softmax(x: tf.Tensor): tf.Tensor;
  /** Sum over the last axis, which is kept with size 1. */
  sumLast(x: tf.Tensor): tf.Tensor;
  /** Sum over an axis, which is removed. */
  sum(x: tf.Tensor, axis: number): tf.Tensor;
  reshape(x: tf.Tensor, shape: readonly number[]): tf.Tensor;
  transpose(x: tf.Tensor, axes: readonly number[]): tf.Tensor;
  slice(x: tf.Tensor, begin: readonly number[], size: readonly number[]): tf.Tensor;
  /** Pads x with zeros. */
  pad(x: tf.Tensor, paddings: readonly (readonly [number, number])[]): tf.Tensor;
  concat(parts: readonly tf.Tensor[], axis: number): tf.Tensor;
  /** Stacks tensors along a new first axis. */
  stack(parts: readonly tf.Tensor[]): tf.Tensor;
  /** Splits x along its first axis, which is removed. */
  unstack(x: tf.Tensor): tf.Tensor[];
  /** Splits x `[N, C]` into `parts` tensors `[N, C/parts]`. */
  splitColumns(x: tf.Tensor, parts: number): tf.Tensor[];
  /** Convolution with kernel 3 over axis 1 of `[B, T, 1, C]` by a filter `[3, 1, C, 1]`, zero-padded. */
  depthwise(x: tf.Tensor, filter: tf.Tensor, stride: number): tf.Tensor;
  /** Gradients of `depthwise` with respect to x and the filter. */
  depthwiseGradients(dy: tf.Tensor, x: tf.Tensor, filter: tf.Tensor, stride: number): [tf.Tensor, tf.Tensor];
}

/** The algebra of the running engine. */
export function algebra(): Algebra {
  return isNative() ? native : portable;
}

/** A constant in TensorFlow that tfjs does not track. */
class Constant {
  constructor(readonly id: number) {}
}

export type Operand = tf.Tensor | Constant;

/** The part of tfjs-node's backend that runs ops. */
interface NativeBackend {
  binding: AttributeTypes & {
    TF_INT32: number;
    executeOp(op: string, attributes: OpAttribute[], inputs: number[], outputs: number): object[];
    createTensor(shape: readonly number[], type: number, values: Int32Array | Float32Array): number;
    deleteTensor(id: number): void;
  };
  getInputTensorIds(tensors: tf.Tensor[]): number[];
  createOutputTensor(output: object): tf.Tensor;
}

const backend = () => tf.backend() as unknown as NativeBackend;

function runAll(
  op: string,
  inputs: readonly Operand[],
  outputs: number,
  attributes: Record<string, AttributeValue>,
): tf.Tensor[] {
  const own = backend();
  const { binding } = own;
  const ids = inputs.map((input) => (input instanceof Constant ? input.id : own.getInputTensorIds([input])[0]!));
  const list = opAttributes(binding, attributes, ['T']);
  return binding.executeOp(op, list, ids, outputs).map((output) => own.createOutputTensor(output));
}

const run = (op: string, inputs: readonly Operand[], attributes: Record<string, AttributeValue> = {}) =>
  runAll(op, inputs, 1, attributes)[0]!;

/**
 * Shapes, axes and numbers, kept from pass to pass, because creating them took a tenth of a step. The
 * least recently used come first.
 */
const constants = new Map<string, Constant>();
const mostConstants = 4096;

function constant(name: string, make: () => [shape: number[], values: Int32Array | Float32Array]): Constant {
  const found = constants.get(name) ?? newConstant(...make());
  constants.delete(name);
  constants.set(name, found);
  return found;
}

function newConstant(shape: number[], values: Int32Array | Float32Array): Constant {
  const { binding } = backend();
  const [oldest] = constants;
  if (oldest && constants.size >= mostConstants) {
    binding.deleteTensor(oldest[1].id);
    constants.delete(oldest[0]);
  }
  const type = values instanceof Int32Array ? binding.TF_INT32 : binding.TF_FLOAT;
  return new Constant(binding.createTensor(shape, type, values));
}

const integers = (values: readonly number[]) =>
  constant(`integers ${values.join()}`, () => [[values.length], Int32Array.from(values)]);
const pairs = (values: readonly (readonly [number, number])[]) =>
  constant(`pairs ${values.join()}`, () => [[values.length, 2], Int32Array.from(values.flat())]);
const index = (value: number) => constant(`index ${value}`, () => [[], Int32Array.of(value)]);
const depthwiseAttributes = (stride: number) => ({
  strides: [1, stride, stride, 1],
  padding: 'EXPLICIT',
  explicit_paddings: [0, 0, 1, 1, 0, 0, 0, 0],
  data_format: 'NHWC',
  dilations: [1, 1, 1, 1],
});

const native: Algebra = {
  scalar: (value) => constant(`scalar ${value}`, () => [[], Float32Array.of(value)]),
  averaging: (channels) =>
    constant(`averaging ${channels}`, () => [[channels, 1], new Float32Array(channels).fill(1 / channels)]),
  matMul: (a, b, transposeA = false, transposeB = false) =>
    run('BatchMatMulV2', [a, b], { adj_x: transposeA, adj_y: transposeB }),
  add: (a, b) => run('AddV2', [a, b]),
  sub: (a, b) => run('Sub', [a, b]),
  mul: (a, b) => run('Mul', [a, b]),
  square: (x) => run('Square', [x]),
  rsqrt: (x) => run('Rsqrt', [x]),
  exp: (x) => run('Exp', [x]),
  erf: (x) => run('Erf', [x]),
  sigmoid: (x) => run('Sigmoid', [x]),
  tanh: (x) => run('Tanh', [x]),
  relu: (x) => run('Relu', [x]),
  reluGradient: (dy, y) => run('ReluGrad', [dy, y]),
  softmax: (x) => run('Softmax', [x]),
  sumLast: (x) => run('Sum', [x, integers([x.rank - 1])], { keep_dims: true }),
  sum: (x, axis) => run('Sum', [x, integers([axis])], { keep_dims: false }),
  reshape: (x, shape) => run('Reshape', [x, integers(shape)]),
  transpose: (x, axes) => run('Transpose', [x, integers(axes)]),
  slice: (x, begin, size) => run('Slice', [x, integers(begin), integers(size)]),
  pad: (x, paddings) => run('Pad', [x, pairs(paddings)]),
  concat: (parts, axis) => run('ConcatV2', [...parts, index(axis)], { N: parts.length }),
  stack: (parts) => run('Pack', [...parts], { N: parts.length, axis: 0 }),
  unstack: (x) => runAll('Unpack', [x], x.shape[0], { num: x.shape[0], axis: 0 }),
  splitColumns: (x, parts) => runAll('Split', [index(1), x], parts, { num_split: parts }),
  depthwise: (x, filter, stride) => run('DepthwiseConv2dNative', [x, filter], depthwiseAttributes(stride)),
  depthwiseGradients: (dy, x, filter, stride) => [
    run('DepthwiseConv2dNativeBackpropInput', [integers(x.shape), filter, dy], depthwiseAttributes(stride)),
    run('DepthwiseConv2dNativeBackpropFilter', [x, integers(filter.shape), dy], depthwiseAttributes(stride)),
  ],
};

/** On backends other than TensorFlow's there are no {@link Constant}s. */
const tensor = (operand: Operand) => operand as tf.Tensor;

const portable: Algebra = {
  scalar: (value) => tf.scalar(value),
  averaging: (channels) => tf.fill([channels, 1], 1 / channels),
  matMul: (a, b, transposeA, transposeB) => tf.matMul(a, tensor(b), transposeA, transposeB),
  add: (a, b) => tf.add(a, tensor(b)),
  sub: (a, b) => tf.sub(tensor(a), tensor(b)),
  mul: (a, b) => tf.mul(a, tensor(b)),
  square: (x) => tf.square(x),
  rsqrt: (x) => tf.rsqrt(x),
  exp: (x) => tf.exp(x),
  erf: (x) => tf.erf(x),
  sigmoid: (x) => tf.sigmoid(x),
  tanh: (x) => tf.tanh(x),
  relu: (x) => tf.relu(x),
  reluGradient: (dy, y) => tf.mul(dy, tf.step(y)),
  softmax: (x) => tf.softmax(x),
  sumLast: (x) => tf.sum(x, -1, true),
  sum: (x, axis) => tf.sum(x, axis),
  reshape: (x, shape) => tf.reshape(x, [...shape]),
  transpose: (x, axes) => tf.transpose(x, [...axes]),
  slice: (x, begin, size) => tf.slice(x, [...begin], [...size]),
  pad: (x, paddings) => tf.pad(x, paddings as [number, number][]),
  concat: (parts, axis) => tf.concat([...parts], axis),
  stack: (parts) => tf.stack([...parts]),
  unstack: (x) => tf.unstack(x),
  splitColumns: (x, parts) => tf.split(x, parts, 1),
  depthwise: (x, filter, stride) => tf.addN([0, 1, 2].map((i) => tf.mul(seenBy(i, x, stride), tapOf(filter, i)))),
  depthwiseGradients: (dy, x, filter, stride) => [
    tf.addN([0, 1, 2].map((i) => seenByGradient(i, tf.mul(dy, tapOf(filter, i)), x.shape, stride))),
    tf.reshape(tf.stack([0, 1, 2].map((i) => tf.sum(tf.mul(dy, seenBy(i, x, stride)), [0, 1]))), filter.shape),
  ],
};

/** The values that the i-th of a filter's three taps is multiplied by: `[B, T, 1, C]` → `[B, T/stride, 1, C]`. */
function seenBy(i: number, x: tf.Tensor, stride: number): tf.Tensor {
  const [batch, time, , channels] = x.shape as [number, number, number, number];
  const around = tf.pad(x, [[0, 0], [1, 1], [0, 0], [0, 0]]); // prettier-ignore
  const groups = tf.reshape(tf.slice(around, [0, i, 0, 0], [batch, time, 1, channels]), [
    batch,
    time / stride,
    stride,
    channels,
  ]);
  return tf.slice(groups, [0, 0, 0, 0], [-1, -1, 1, -1]);
}

/** The gradient of {@link seenBy}. */
function seenByGradient(i: number, d: tf.Tensor, shape: readonly number[], stride: number): tf.Tensor {
  const spread = tf.pad(d, [[0, 0], [0, 0], [0, stride - 1], [0, 0]]); // prettier-ignore
  const around = tf.pad(tf.reshape(spread, [...shape]), [[0, 0], [i, 2 - i], [0, 0], [0, 0]]); // prettier-ignore
  return tf.slice(around, [0, 1, 0, 0], [...shape]);
}

/** The i-th of a filter's three taps. */
function tapOf(filter: tf.Tensor, i: number): tf.Tensor {
  return tf.reshape(tf.slice(filter, [i, 0, 0, 0], [1, 1, -1, 1]), [1, 1, 1, filter.shape[2]!]);
}
