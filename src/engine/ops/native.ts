import * as tf from '@tensorflow/tfjs-core';

/** One attribute of a TensorFlow op, as the binding takes it. */
interface OpAttribute {
  name: string;
  type: number;
  value: unknown;
}

/** The part of tfjs-node's backend that runs TensorFlow ops by name. */
interface NativeBackend {
  binding: Record<
    'TF_ATTR_FLOAT' | 'TF_ATTR_STRING' | 'TF_ATTR_BOOL' | 'TF_ATTR_INT' | 'TF_ATTR_TYPE' | 'TF_FLOAT',
    number
  >;
  executeMultipleOutputs(op: string, attributes: OpAttribute[], inputs: tf.TensorInfo[], outputs: number): tf.Tensor[];
}

/** True where TensorFlow's own kernels can be called; the portable twins serve elsewhere. */
export function isNative(): boolean {
  return tf.getBackend() === 'tensorflow';
}

/** Runs a TensorFlow op that tfjs does not expose, with float32 as its type attributes. Not recorded on the tape: wrap in `customGrad`. */
export function runNative(
  op: string,
  inputs: tf.Tensor[],
  outputs: number,
  attributes: Record<string, number | string | boolean | number[]>,
  floatTypes: readonly string[] = ['T'],
): tf.Tensor[] {
  const backend = tf.backend() as unknown as NativeBackend;
  const { binding } = backend;
  const list = floatTypes.map((name): OpAttribute => ({ name, type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT }));
  for (const [name, value] of Object.entries(attributes))
    list.push({ name, value, type: attributeType(binding, value, name) });
  return backend.executeMultipleOutputs(op, list, inputs, outputs);
}

function attributeType(
  binding: NativeBackend['binding'],
  value: number | string | boolean | number[],
  name: string,
): number {
  if (typeof value === 'boolean') return binding.TF_ATTR_BOOL;
  if (typeof value === 'string') return binding.TF_ATTR_STRING;
  return name === 'epsilon' ? binding.TF_ATTR_FLOAT : binding.TF_ATTR_INT;
}
