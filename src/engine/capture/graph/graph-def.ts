import { oneDnnKernel } from './one-dnn.js';
import { attributesOfInputs, type OpInput } from './op-attributes.js';
import { ProtoWriter } from '../../protobuf.js';
import type { BindingAttribute, RecordedCall, TensorFacts } from '../recorded.js';

/** TensorFlow's numbers of the kinds of attributes (TF_AttrType in c_api.h). */
const kinds = { string: 0, int: 1, float: 2, bool: 3, type: 4, shape: 5 } as const;
/** DT_INT32. */
const int32 = 3;

/** What a graph must know of the engine. */
export interface GraphEngine {
  /** The inputs of an op of TensorFlow's. */
  readonly inputsOf: (op: string) => readonly OpInput[];
  /** Whether oneDNN does ops for which it has a kernel. */
  readonly usesOneDnn: boolean;
}

/**
 * The GraphDef (tensorflow/core/framework/graph.proto) of what a stretch of work has asked for. Node `n<k>` is its k-th
 * op or constant, and placeholder `i<k>` the k-th tensor from before it.
 *
 * @throws Error for an op that cannot be captured: with an attribute of a kind that tfjs does not use, for example.
 */
export function graphDef(recorded: readonly RecordedCall[], engine: GraphEngine): Uint8Array {
  const graph = new ProtoWriter();
  const placeholders = recorded.flatMap((one) => (one.kind === 'op' ? one.introduced : []));
  placeholders.forEach(({ dtype }, i) => {
    graph.field(1, node(`i${i}`, 'Placeholder', [], { dtype: new ProtoWriter().integer(6, dtype) }));
  });
  const names = producers(recorded).map(([node, output]) => `n${node}:${output}`);
  const made = recorded.flatMap(({ outputs }) => outputs);
  recorded.forEach((one, i) => {
    if (one.kind === 'constant') {
      const [facts] = one.outputs;
      const values = { dtype: new ProtoWriter().integer(6, facts.dtype), value: constantValue(facts, one.values) };
      graph.field(1, node(`n${i}`, 'Const', [], values));
      return;
    }
    const inputs = one.inputs.map((number) => (number < 0 ? `i${-1 - number}` : names[number]!));
    if (one.op === 'AddN' && inputs.length > 2) {
      for (const sum of sumInOrder(`n${i}`, inputs, one.outputs[0]!)) graph.field(1, sum);
      return;
    }
    const given = one.inputs.map((number) => (number < 0 ? placeholders[-1 - number]! : made[number]!));
    const stated = new Map(one.attributes.map((each) => [each.name, each]));
    const valueOf = (name: string) => stated.get(name)?.value as number | undefined;
    const found = [...attributesOfInputs(engine.inputsOf(one.op), given, valueOf)].map(
      ([name, { kind, value }]): BindingAttribute => ({ name, type: kinds[kind], value }),
    );
    const all = [...found, ...one.attributes];
    const attributes = Object.fromEntries(all.map((each) => [each.name, attributeValue(each)]));
    const type = all.find(({ name }) => name === 'T')?.value as number | undefined;
    const traits = { type, padding: stated.get('padding')?.value, rank: given[0]?.shape.length ?? 0 };
    const kernel = engine.usesOneDnn ? oneDnnKernel(one.op, traits) : null;
    if (kernel !== null) attributes['_kernel'] = new ProtoWriter().field(2, 'MklNameChangeOp');
    graph.field(1, node(`n${i}`, kernel ?? one.op, inputs, attributes));
  });
  // VersionDef: the GraphDef version that TensorFlow has written since 2021.
  return graph.field(4, new ProtoWriter().integer(1, 1882)).finish();
}

/** Node and output of each tensor that a stretch has made, in order, as pairs in one list. */
export function producers(recorded: readonly RecordedCall[]): (readonly [node: number, output: number])[] {
  return recorded.flatMap(({ outputs }, node) => outputs.map((_, output) => [node, output] as const));
}

/**
 * Additions in the order in which a single call of `AddN` adds (aggregate_ops.cc): two to nine from left to right, then
 * sums of eight. In a graph `AddN` begins with whichever input's memory it may overwrite, which gives other bits.
 */
function sumInOrder(name: string, inputs: readonly string[], { dtype }: TensorFacts): ProtoWriter[] {
  const additions: [string, string][] = [];
  const sumOf = (terms: readonly string[]) => terms.reduce((sum, term) => `${name}_${additions.push([sum, term]) - 1}`);
  const first = inputs.length % 8 > 1 ? inputs.length % 8 : (inputs.length % 8) + 8;
  let sum = sumOf(inputs.slice(0, first));
  for (let at = first; at < inputs.length; at += 8) sum = sumOf([sum, sumOf(inputs.slice(at, at + 8))]);
  const last = additions.length - 1;
  const attributes = { T: new ProtoWriter().integer(6, dtype) };
  return additions.map((terms, i) => node(i === last ? name : `${name}_${i}`, 'AddV2', terms, attributes));
}

function node(
  name: string,
  op: string,
  inputs: readonly string[],
  attributes: Readonly<Record<string, ProtoWriter>>,
): ProtoWriter {
  const written = new ProtoWriter().field(1, name).field(2, op);
  for (const input of inputs) written.field(3, input);
  for (const [key, value] of Object.entries(attributes))
    written.field(5, new ProtoWriter().field(1, key).field(2, value));
  return written;
}

/** An AttrValue (attr_value.proto). */
function attributeValue({ name, type, value }: BindingAttribute): ProtoWriter {
  const single = (writer: ProtoWriter, one: unknown, field: (plain: number) => number): ProtoWriter => {
    switch (type) {
      case kinds.string:
        return writer.field(field(2), one as string);
      case kinds.int:
        return writer.integer(field(3), one as number);
      case kinds.float:
        return writer.float(field(4), one as number);
      case kinds.bool:
        return writer.integer(field(5), one === true ? 1 : 0);
      case kinds.type:
        return writer.integer(field(6), one as number);
      default:
        throw new Error(`attribute ${name} is of a kind that cannot be captured`);
    }
  };
  if (type === kinds.shape) return new ProtoWriter().field(7, shapeOf(value as readonly number[]));
  if (!Array.isArray(value)) return single(new ProtoWriter(), value, (field) => field);
  const list = new ProtoWriter();
  // In AttrValue.ListValue the fields have the numbers that they have in AttrValue.
  for (const one of value as unknown[]) single(list, one, (field) => field);
  return new ProtoWriter().field(1, list);
}

/** A TensorShapeProto. */
function shapeOf(shape: readonly number[]): ProtoWriter {
  const written = new ProtoWriter();
  for (const size of shape) written.field(2, new ProtoWriter().integer(1, size));
  return written;
}

/** An AttrValue with a TensorProto of int32. */
function constantValue({ dtype, shape }: TensorFacts, values: readonly number[]): ProtoWriter {
  if (dtype !== int32) throw new Error(`a constant of type ${dtype} cannot be captured`);
  const content = Buffer.from(Int32Array.from(values).buffer);
  return new ProtoWriter().field(8, new ProtoWriter().integer(1, dtype).field(2, shapeOf(shape)).field(4, content));
}
