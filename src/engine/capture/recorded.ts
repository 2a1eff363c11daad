/** A tensor of TensorFlow's binding: element type by TensorFlow's number, and shape. */
export interface TensorFacts {
  readonly dtype: number;
  readonly shape: readonly number[];
}

/** An attribute of an op as tfjs hands it to the binding. */
export interface BindingAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/**
 * A tensor as the ops of a stretch of work know it: number t ≥ 0 is the t-th tensor that the stretch has made, number
 * -1 - k the k-th tensor from before it that the stretch has used.
 */
export type TensorNumber = number;

/** An op that was called. */
export interface RecordedOp {
  readonly kind: 'op';
  readonly op: string;
  readonly attributes: readonly BindingAttribute[];
  readonly inputs: readonly TensorNumber[];
  /** The tensors from before the stretch that no earlier op of it has used, in the order of their numbers. */
  readonly introduced: readonly TensorFacts[];
  readonly outputs: readonly TensorFacts[];
}

/** A small constant that was made, such as a shape, whose values decide what ops do. */
export interface RecordedConstant {
  readonly kind: 'constant';
  readonly outputs: readonly [TensorFacts];
  readonly values: readonly number[];
}

/** What a stretch of work has asked of the binding. */
export type RecordedCall = RecordedOp | RecordedConstant;

/** Whether a recorded op is that of these arguments. Called for each op of a step, so it makes nothing new. */
export function isSameOp(
  recorded: RecordedCall,
  op: string,
  attributes: readonly BindingAttribute[],
  inputs: readonly TensorNumber[],
  introduced: readonly TensorFacts[],
): recorded is RecordedOp {
  if (recorded.kind !== 'op' || recorded.op !== op) return false;
  if (!isSameList(recorded.inputs, inputs) || recorded.introduced.length !== introduced.length) return false;
  for (let i = 0; i < introduced.length; i++) if (!isSameFacts(recorded.introduced[i]!, introduced[i]!)) return false;
  if (recorded.attributes.length !== attributes.length) return false;
  for (let i = 0; i < attributes.length; i++) {
    const [one, other] = [recorded.attributes[i]!, attributes[i]!];
    if (one.name !== other.name || one.type !== other.type || !isSameValue(one.value, other.value)) return false;
  }
  return true;
}

/** Whether a recorded constant is this one. */
export function isSameConstant(
  recorded: RecordedCall,
  facts: TensorFacts,
  values: ArrayLike<number>,
): recorded is RecordedConstant {
  return recorded.kind === 'constant' && isSameFacts(recorded.outputs[0], facts) && isSameList(recorded.values, values);
}

function isSameFacts(one: TensorFacts, other: TensorFacts): boolean {
  return one === other || (one.dtype === other.dtype && isSameList(one.shape, other.shape));
}

function isSameValue(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) return isSameList(one as unknown[], other as unknown[]);
  return Object.is(one, other);
}

function isSameList(one: ArrayLike<unknown>, other: ArrayLike<unknown>): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (!Object.is(one[i], other[i])) return false;
  return true;
}
