import * as tf from '@tensorflow/tfjs-core';

/** One attribute of a TensorFlow op in the form that the binding takes. */
export interface OpAttribute {
  name: string;
  type: number;
  value: unknown;
}

/** Numbers are integers, except that of `epsilon`, unless they are wrapped in `{ float }`. */
export type AttributeValue = number | string | boolean | number[] | { float: number };

/** The binding's numbers for kinds of attributes and for float32. */
export type AttributeTypes = Record<
  'TF_ATTR_FLOAT' | 'TF_ATTR_STRING' | 'TF_ATTR_BOOL' | 'TF_ATTR_INT' | 'TF_ATTR_TYPE' | 'TF_FLOAT',
  number
>;

/** The part of tfjs-node's backend that runs TensorFlow ops by name. */
interface NativeBackend {
  binding: AttributeTypes;
  executeMultipleOutputs(op: string, attributes: OpAttribute[], inputs: tf.TensorInfo[], outputs: number): tf.Tensor[];
}

/** Whether TensorFlow's own kernels can be called. Elsewhere their portable equivalents are used. */
export function isNative(): boolean {
  return tf.getBackend() === 'tensorflow';
}

/**
 * Runs a TensorFlow op that tfjs does not expose, with float32 as its type attributes. It is not recorded on the tape,
 * so it must be wrapped in `customGrad`.
 */
export function runNative(
  op: string,
  inputs: tf.Tensor[],
  outputs: number,
  attributes: Readonly<Record<string, AttributeValue>>,
  floatTypes: readonly string[] = ['T'],
): tf.Tensor[] {
  const backend = tf.backend() as unknown as NativeBackend;
  return backend.executeMultipleOutputs(op, opAttributes(backend.binding, attributes, floatTypes), inputs, outputs);
}

/** The attributes of an op in the form that the binding takes, with float32 as its type attributes. */
export function opAttributes(
  binding: AttributeTypes,
  attributes: Readonly<Record<string, AttributeValue>>,
  floatTypes: readonly string[],
): OpAttribute[] {
  const list = floatTypes.map((name): OpAttribute => ({ name, type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT }));
  for (const [name, value] of Object.entries(attributes))
    list.push({ name, value: plainValue(value), type: attributeType(binding, value, name) });
  return list;
}

function plainValue(value: AttributeValue): Exclude<AttributeValue, { float: number }> {
  return typeof value === 'object' && 'float' in value ? value.float : value;
}

function attributeType(binding: AttributeTypes, value: AttributeValue, name: string): number {
  if (typeof value === 'boolean') return binding.TF_ATTR_BOOL;
  if (typeof value === 'string') return binding.TF_ATTR_STRING;
  if (typeof value === 'object' && 'float' in value) return binding.TF_ATTR_FLOAT;
  return name === 'epsilon' ? binding.TF_ATTR_FLOAT : binding.TF_ATTR_INT;
}
