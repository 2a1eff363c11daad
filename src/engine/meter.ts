import * as tf from '@tensorflow/tfjs-core';
import { isNative } from './ops/run-native.js';

/** Memory and operations of a stretch of work. Tensors from before the metering do not count. */
export interface Reading {
  /** Largest total size in bytes of the tensors alive at any one time. */
  peakBytes: number;
  /** Total size in bytes of the tensors alive at its end. */
  aliveBytes: number;
  /** Floating-point operations of convolutions and matrix products; a multiply-add counts as two. */
  flops: number;
}

type Shape = readonly number[];

/** Memory that one tensor occupies, or several tensors of the same values in different shapes. */
interface Buffer {
  bytes: number;
  tensors: number;
}

/** A tensor as TensorFlow's binding describes it. */
interface Held {
  shape: Shape;
  buffer: Buffer;
}

interface Attribute {
  name: string;
  value: unknown;
}

interface Binding {
  createTensor(shape: number[], dtype: number, values: unknown): number;
  executeOp(
    op: string,
    attributes: Attribute[],
    inputs: number[],
    outputs: number,
  ): { id: number; shape: number[]; dtype: number }[];
  deleteTensor(id: number): void;
}

/**
 * Meters `work` by intercepting the calls of TensorFlow's binding, so that tensors that JavaScript does not track count
 * as well. Needs the native engine. Workspaces that kernels allocate for themselves are not counted.
 *
 * @param work - Receives a function that returns a reading of the stretch since the previous reading.
 */
export function metered<T>(work: (read: () => Reading) => T): T {
  if (!isNative()) throw new Error('only native TensorFlow can be metered');
  const backend = tf.backend() as unknown as { binding: Binding };
  const { binding } = backend;
  const held = new Map<number, Held>();
  let alive = 0;
  let peak = 0;
  let flops = 0;
  const hold = (id: number, shape: Shape, buffer: Buffer) => {
    held.set(id, { shape, buffer });
    if (buffer.tensors++ > 0) return;
    alive += buffer.bytes;
    peak = Math.max(peak, alive);
  };
  const made = (shape: Shape, dtype: number): Buffer => ({ bytes: size(shape) * bytesOf(dtype), tensors: 0 });
  /** The buffer of a tensor. For tensors from before the metering, it is unknown and counts as empty. */
  const shared = (id: number): Buffer => held.get(id)?.buffer ?? { bytes: 0, tensors: 0 };
  const watched: Binding = {
    createTensor(shape, dtype, values) {
      const id = binding.createTensor(shape, dtype, values);
      hold(id, shape, made(shape, dtype));
      return id;
    },
    executeOp(op, attributes, inputs, count) {
      const outputs = binding.executeOp(op, attributes, inputs, count);
      for (const { id, shape, dtype } of outputs)
        hold(id, shape, aliases.has(op) ? shared(inputs[0]!) : made(shape, dtype));
      const shapes = inputs.map((id) => held.get(id)?.shape ?? []);
      flops += flopsOf(op, attributes, shapes, outputs[0]?.shape ?? []);
      return outputs;
    },
    deleteTensor(id) {
      const buffer = held.get(id)?.buffer;
      if (buffer && --buffer.tensors === 0) alive -= buffer.bytes;
      held.delete(id);
      binding.deleteTensor(id);
    },
  };
  // All other members of the binding are inherited.
  backend.binding = Object.create(binding, Object.getOwnPropertyDescriptors(watched)) as Binding;
  try {
    return work(() => {
      const reading = { peakBytes: peak, aliveBytes: alive, flops };
      peak = alive;
      flops = 0;
      return reading;
    });
  } finally {
    backend.binding = binding;
  }
}

/** Ops whose output is their input in another shape. */
const aliases = new Set(['Reshape', 'Identity', 'ExpandDims', 'Squeeze']);

const size = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

/** Bytes per element, by TensorFlow's number of the type. */
function bytesOf(dtype: number): number {
  if (dtype === 4 || dtype === 10) return 1; // uint8, bool
  if (dtype === 14 || dtype === 19) return 2; // bfloat16, half
  if (dtype === 2 || dtype === 9) return 8; // double, int64
  return 4;
}

function flopsOf(op: string, attributes: readonly Attribute[], inputs: readonly Shape[], output: Shape): number {
  if (op === 'MatMul' || op.startsWith('BatchMatMul')) {
    const transposed = attributes.some(
      ({ name, value }) => (name === 'transpose_a' || name === 'adj_x') && value === true,
    );
    return 2 * size(output) * (inputs[0]?.at(transposed ? -2 : -1) ?? 0);
  }
  const convolution = /^(Conv2D|Conv3D|DepthwiseConv2dNative)(BackpropInput|BackpropFilter)?(V2)?$/.exec(op);
  if (!convolution) return 0;
  const [, kind, gradient] = convolution;
  const filter = gradient === 'BackpropFilter' ? output : inputs[1]!;
  const result = gradient === undefined ? output : inputs[2]!;
  // The filter is [...kernel, in, out]. In a depthwise convolution every output sees one input.
  const taps = size(filter.slice(0, -1)) / (kind === 'DepthwiseConv2dNative' ? (filter.at(-2) ?? 1) : 1);
  return 2 * size(result) * taps;
}
