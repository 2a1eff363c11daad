import { messageFields } from '../../protobuf.js';
import type { TensorFacts } from '../recorded.js';

/** An input of an op, or a list of them, and the attributes that follow from it. */
export interface OpInput {
  /** The attribute that is the input's element type; empty where the type is fixed. */
  readonly type: string;
  /** The attribute that is the number of tensors of a list; empty for a single tensor. */
  readonly count: string;
}

/**
 * The inputs of an op by its serialised OpDef (tensorflow/core/framework/op_def.proto).
 *
 * @throws Error for an op with a list of tensors of several types, which no op of ours has.
 */
export function opInputs(definition: Uint8Array): OpInput[] {
  const inputs: OpInput[] = [];
  for (const [field, argument] of messageFields(definition)) {
    if (field !== 2) continue;
    const texts = new Map([...messageFields(argument)].map(([key, text]) => [key, Buffer.from(text).toString()]));
    if (texts.has(6)) throw new Error('an op with a list of tensors of several types cannot be captured');
    inputs.push({ type: texts.get(4) ?? '', count: texts.get(5) ?? '' });
  }
  return inputs;
}

/**
 * The attributes of an op that follow from its inputs. TensorFlow finds them by itself for an op that is called, but
 * not for a node of a graph.
 *
 * @param given - The tensors that the op is called with, lists one after the other.
 * @param stated - The value of an attribute that the caller states; undefined where it does not.
 */
export function attributesOfInputs(
  inputs: readonly OpInput[],
  given: readonly TensorFacts[],
  stated: (name: string) => number | undefined,
): Map<string, { kind: 'type' | 'int'; value: number }> {
  const found = new Map<string, { kind: 'type' | 'int'; value: number }>();
  const lists = inputs.filter(({ count }) => count !== '').length;
  let at = 0;
  for (const { type, count } of inputs) {
    // All tensors but those of the single inputs belong to the only list.
    const length = count === '' ? 1 : (stated(count) ?? (given.length - (inputs.length - lists)) / lists);
    if (count !== '') found.set(count, { kind: 'int', value: length });
    const tensor = given[at];
    if (type !== '' && tensor) found.set(type, { kind: 'type', value: tensor.dtype });
    at += length;
  }
  return found;
}
