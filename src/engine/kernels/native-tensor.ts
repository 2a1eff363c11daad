import * as tf from '@tensorflow/tfjs-core';

/** An attribute of a TensorFlow op. A `{ type }` is an element type; other numbers are integers unless wrapped in `{ float }`. */
export type Attribute = number | string | boolean | readonly number[] | { float: number } | { type: number };

interface BindingAttribute {
  name: string;
  type: number;
  value: unknown;
}

/** tfjs-node's binding of TensorFlow's C API: tensors are numbers to it. */
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

/** The part of tfjs-node's backend that gives its tensors to the binding and takes them from it. */
interface NativeBackend {
  binding: Binding;
  isUsingGpuDevice: boolean;
  getInputTensorIds(tensors: tf.Tensor[]): number[];
  createOutputTensor(output: OutputTensor): tf.Tensor;
}

/** TensorFlow's numbers for the element types in use here; tfjs knows no bfloat16. */
export const elementTypes = { float32: 1, int32: 3, int64: 9, bfloat16: 14 } as const;

/**
 * A tensor of TensorFlow's that tfjs knows nothing of: freed by {@link NativeTensor.dispose} and by nothing else.
 * Several may share one buffer, which lives as long as the last of them.
 */
export class NativeTensor {
  constructor(
    readonly id: number,
    readonly shape: readonly number[],
    readonly type: number,
  ) {
    living++;
  }

  /** Throws an Error when it was freed before. */
  dispose(): void {
    backend().binding.deleteTensor(this.id);
    living--;
  }
}

let living = 0;

/** How many native tensors are alive: for the check that a step leaves none behind. */
export function nativeTensorCount(): number {
  return living;
}

/** Runs a TensorFlow op by name. Throws an Error with TensorFlow's words where it refuses. */
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

/** A constant of integers, such as a shape: a vector, a scalar for a number. */
export function integers(values: number | readonly number[]): NativeTensor {
  const data = Int32Array.from(typeof values === 'number' ? [values] : values);
  const shape = typeof values === 'number' ? [] : [data.length];
  return new NativeTensor(backend().binding.createTensor(shape, elementTypes.int32, data), shape, elementTypes.int32);
}

/** A constant of float32: a vector, a scalar for a number. */
export function floats(values: number | readonly number[]): NativeTensor {
  const data = Float32Array.from(typeof values === 'number' ? [values] : values);
  const shape = typeof values === 'number' ? [] : [data.length];
  return new NativeTensor(
    backend().binding.createTensor(shape, elementTypes.float32, data),
    shape,
    elementTypes.float32,
  );
}

/** A native tensor on the buffer of a float32 tensor of tfjs's. */
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

/** True where TensorFlow computes on a GPU, which has other fast kernels. */
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
