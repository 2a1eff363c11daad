import * as tf from '@tensorflow/tfjs-core';

/**
 * An attribute of a TensorFlow op. `{ type }` is an element type; other numbers are integers
 * unless wrapped in `{ float }`.
 */
export type Attribute = number | string | boolean | readonly number[] | { float: number } | { type: number };

interface BindingAttribute {
  name: string;
  type: number;
  value: unknown;
}

/** tfjs-node's binding of TensorFlow's C API, which identifies tensors by numbers. */
interface Binding {
  TF_ATTR_FLOAT: number;
  TF_ATTR_STRING: number;
  TF_ATTR_BOOL: number;
  TF_ATTR_INT: number;
  TF_ATTR_TYPE: number;
  executeOp(op: string, attributes: BindingAttribute[], inputs: number[], outputs: number): OutputTensor[];
  createTensor(shape: readonly number[], type: number, values: Int32Array | Float32Array): number;
  deleteTensor(id: number): void;
}

interface OutputTensor {
  id: number;
  shape: number[];
  dtype: number;
}

/** The part of tfjs-node's backend that passes its tensors to the binding and receives them from it. */
interface NativeBackend {
  binding: Binding;
  isUsingGpuDevice: boolean;
  getInputTensorIds(tensors: tf.Tensor[]): number[];
  createOutputTensor(output: OutputTensor): tf.Tensor;
}

/** TensorFlow's numbers of the element types used here. tfjs has no bfloat16. */
export const elementTypes = { float32: 1, int32: 3, int64: 9, bfloat16: 14 } as const;

/**
 * A TensorFlow tensor that tfjs does not track: only {@link NativeTensor.dispose} frees it. Several may share one
 * buffer, which lives as long as the last of them.
 */
export class NativeTensor {
  constructor(
    readonly id: number,
    readonly shape: readonly number[],
    readonly type: number,
  ) {
    living++;
  }

  /**
   * Frees the tensor.
   *
   * @throws Error when it has been freed before.
   */
  dispose(): void {
    backend().binding.deleteTensor(this.id);
    living--;
  }
}

let living = 0;

/** Number of native tensors alive, for the check that a step leaves none behind. */
export function nativeTensorCount(): number {
  return living;
}

/**
 * Runs a TensorFlow op by name.
 *
 * @throws Error with TensorFlow's message when the op fails.
 */
export function runOp(
  op: string,
  inputs: readonly NativeTensor[],
  attributes: Readonly<Record<string, Attribute>>,
  outputs = 1,
): NativeTensor[] {
  const { binding } = backend();
  const list = Object.entries(attributes).map(([name, value]) => bindingAttribute(binding, name, value));
  const ids = inputs.map(({ id }) => id);
  return binding.executeOp(op, list, ids, outputs).map(({ id, shape, dtype }) => new NativeTensor(id, shape, dtype));
}

/** A constant of int32, such as a shape: a scalar for a number, otherwise a vector. */
export function integers(values: number | readonly number[]): NativeTensor {
  const data = Int32Array.from(typeof values === 'number' ? [values] : values);
  const shape = typeof values === 'number' ? [] : [data.length];
  return new NativeTensor(backend().binding.createTensor(shape, elementTypes.int32, data), shape, elementTypes.int32);
}

/** A constant of float32: a scalar for a number, otherwise a vector. */
export function floats(values: number | readonly number[]): NativeTensor {
  const data = Float32Array.from(typeof values === 'number' ? [values] : values);
  const shape = typeof values === 'number' ? [] : [data.length];
  return new NativeTensor(
    backend().binding.createTensor(shape, elementTypes.float32, data),
    shape,
    elementTypes.float32,
  );
}

/** A native tensor that shares the buffer of a float32 tensor of tfjs. */
export function fromTfjs(x: tf.Tensor): NativeTensor {
  const [id] = backend().getInputTensorIds([x]) as [number];
  const [output] = backend().binding.executeOp('Identity', [typeAttribute('T', elementTypes.float32)], [id], 1);
  return new NativeTensor(output!.id, x.shape, elementTypes.float32);
}

/** Hands a float32 tensor over to tfjs, without a copy. */
export function toTfjs(x: NativeTensor): tf.Tensor {
  living--;
  return backend().createOutputTensor({ id: x.id, shape: [...x.shape], dtype: x.type });
}

/** Whether TensorFlow computes on a GPU, where other kernels are fast. */
export function onGpu(): boolean {
  return backend().isUsingGpuDevice;
}

function backend(): NativeBackend {
  return tf.backend() as unknown as NativeBackend;
}

function bindingAttribute(binding: Binding, name: string, value: Attribute): BindingAttribute {
  switch (typeof value) {
    case 'boolean':
      return { name, value, type: binding.TF_ATTR_BOOL };
    case 'string':
      return { name, value, type: binding.TF_ATTR_STRING };
    case 'number':
      return { name, value, type: binding.TF_ATTR_INT };
    case 'object':
      if ('float' in value) return { name, value: value.float, type: binding.TF_ATTR_FLOAT };
      if ('type' in value) return typeAttribute(name, value.type);
      return { name, value, type: binding.TF_ATTR_INT };
  }
}

function typeAttribute(name: string, value: number): BindingAttribute {
  return { name, value, type: backend().binding.TF_ATTR_TYPE };
}
