import { graphDef, producers, type GraphEngine } from './graph-def.js';
import type { NativeBinding, OutputTensor, TensorCalls } from './native-binding.js';
import { differsInGraph } from './one-dnn.js';
import { opInputs, type OpInput } from './op-attributes.js';
import type { BindingAttribute, Recorded, TensorFacts } from './recorded.js';
import {
  afterConstant,
  afterOp,
  emptyTree,
  endsOf,
  placeAfter,
  type StepNode,
  type StepTree,
  type StretchEnd,
} from './step-tree.js';

/** How the steps of captured work were done, counted since the engine has started. */
export interface CaptureCounts {
  /** Stretches that ran as one call. */
  captured: number;
  /** Stretches that ran op by op: seen for the first time, or with something in them that an earlier one had not. */
  eager: number;
  /** Functions that were made. */
  made: number;
}

/** Ids that {@link CapturingBinding} hands out. The binding's own count from 0 and have 31 bits. */
const firstId = 2 ** 40;
/** Constants of int32 with at most so many values are part of the function, since shapes follow from them. */
const smallConstant = 16;
const int32 = 3;
/** A stretch becomes a function when it comes for so many times. The first warms up, the second is timed. */
const madeAt = 3;
/** Functions that are kept at a time. */
const mostFunctions = 24;
/** Places of a tree at most; then it is forgotten, with its functions. */
const mostNodes = 200_000;
/** Milliseconds of processor time that an op takes on average, beyond which a call for each costs next to nothing. */
const worthwhile = 3;
/** Stretches on ways of their own, one after the other, after which a tree is given up. */
const mostFresh = 48;
/** Ops whose outputs depend on more than their inputs, or whose shapes depend on values. */
const uncapturable =
  /Random|Truncated|Multinomial|Where|Unique|NonMaxSuppression|Bincount|Print|Decode|Read|Write|Variable/;

/** Whether an op is one of several processes, which run it in the order in which each asks for it. */
const isCollective = (op: string) => op.startsWith('Collective');

/** A stretch of work that is going on. */
interface Stretch {
  tree: StepTree;
  at: StepNode;
  /** The id of its tensor number 0. */
  readonly first: number;
  /** What it has asked for, in order, and which of its or others' tensors it has freed in between. */
  readonly asked: ({ node: StepNode } | { freed: number })[];
  /** Facts of the tensors that it has made. */
  readonly outputs: TensorFacts[];
  /** The tensors from before it that it has used. */
  readonly externals: number[];
  readonly externalNumbers: Map<number, number>;
  /** Whether its ops run as they are asked for; else they wait. */
  eager: boolean;
  /** Milliseconds of processor time that the process had used when its first op ran. */
  began: number;
}

/**
 * Stands in front of TensorFlow.js's binding. Work that is handed to {@link capture} is recorded: what it asks for runs
 * op by op at first. When the same is asked for again, ops wait, their outputs being known, and run at the end as one
 * function of TensorFlow's graph executor, which spares the call for each. Where a step asks for something else than an
 * earlier one, what waits runs op by op, and the rest too: nothing is ever guessed.
 *
 * Tensors that captured work makes have ids of their own, which are translated in every call.
 */
export class CapturingBinding implements TensorCalls {
  readonly counts: CaptureCounts = { captured: 0, eager: 0, made: 0 };
  private stretch: Stretch | null = null;
  /** The binding's ids of tensors that captured work has made. */
  private readonly real = new Map<number, number>();
  private nextId = firstId;
  private calls = 0;
  private functions = 0;
  private readonly trees = new Map<string, StepTree>();
  private made: StretchEnd[] = [];
  private readonly opInputs = new Map<string, readonly OpInput[]>();
  /** Facts of tensors from before a stretch. The binding never uses an id twice. */
  private facts = new Map<number, TensorFacts>();
  private usedFacts = new Map<number, TensorFacts>();

  private readonly engine: GraphEngine;

  constructor(private readonly native: NativeBinding) {
    const usesOneDnn = native.usesOneDnn === true && !native.isUsingGpuDevice();
    this.engine = { inputsOf: (op) => this.inputsOf(op), usesOneDnn };
  }

  /** Runs work whose ops are captured, by a name under which it is recorded. Work within captured work is part of it. */
  capture<T>(name: string, work: () => T): T {
    if (this.stretch || !this.native.defineFunction) return work();
    let tree = this.trees.get(name);
    if (!tree || tree.nodes > mostNodes) {
      if (tree) this.forget(tree);
      tree = emptyTree();
      this.trees.set(name, tree);
    }
    this.begin(tree);
    try {
      const result = work();
      this.end();
      return result;
    } catch (error) {
      this.goEager();
      throw error;
    } finally {
      this.stretch = null;
      this.facts = this.usedFacts;
      this.usedFacts = new Map();
    }
  }

  createTensor(shape: readonly number[], dtype: number, values: ArrayLike<unknown>): number {
    const { stretch } = this;
    if (!stretch || stretch.tree.eager || dtype !== int32 || values.length > smallConstant) {
      const id = this.native.createTensor(shape, dtype, values);
      if (stretch) this.usedFacts.set(id, { dtype, shape: [...shape] });
      return id;
    }
    const facts = { dtype, shape };
    const numbers = values as ArrayLike<number>;
    const place =
      afterConstant(stretch.at, facts, numbers) ??
      this.branch({ kind: 'constant', outputs: [{ dtype, shape: [...shape] }], values: Array.from(numbers) });
    return this.go(place)[0]!.id;
  }

  executeOp(
    op: string,
    attributes: readonly BindingAttribute[],
    inputs: readonly number[],
    count: number,
  ): OutputTensor[] {
    const { stretch } = this;
    if (!stretch || stretch.tree.eager) return this.runReal(op, attributes, inputs, count);
    if (isCollective(op) || (this.engine.usesOneDnn && differsInGraph(op))) {
      this.begin(this.end());
      const outputs = this.runReal(op, attributes, inputs, count);
      for (const { id, dtype, shape } of outputs) this.usedFacts.set(id, { dtype, shape: [...shape] });
      return outputs;
    }
    const known = stretch.externals.length;
    const numbers = inputs.map((id) => this.numberOf(stretch, id));
    const introduced = stretch.externals.slice(known).map((id) => this.factsOf(id));
    const place = afterOp(stretch.at, op, attributes, numbers, introduced);
    if (place) return this.go(place);
    this.goEager();
    const outputs = this.runReal(op, attributes, inputs, count);
    const recorded: Recorded = {
      ...{ kind: 'op', op, attributes: attributes.map((each) => ({ ...each })), inputs: numbers, introduced },
      outputs: outputs.map(({ dtype, shape }) => ({ dtype, shape: [...shape] })),
    };
    const branch = this.branch(recorded);
    stretch.at = branch;
    return outputs.map((output) => this.handOut(stretch, output, output.id));
  }

  deleteTensor(id: number): void {
    const { stretch } = this;
    if (stretch && !stretch.eager) stretch.asked.push({ freed: id });
    else this.free(id);
  }

  tensorDataSync(id: number): ReturnType<TensorCalls['tensorDataSync']> {
    const { stretch } = this;
    // Its value is needed now: what waits runs, and the rest of the step is a stretch of its own.
    if (stretch && id >= stretch.first) this.begin(this.end());
    return this.native.tensorDataSync(this.realId(id));
  }

  private begin(tree: StepTree): void {
    this.stretch = {
      ...{ tree, at: tree.root, first: this.nextId, asked: [], outputs: [], externals: [] },
      ...{ externalNumbers: new Map<number, number>(), eager: false, began: 0 },
    };
  }

  /** The number of a tensor in a stretch, see `TensorNumber`. */
  private numberOf(stretch: Stretch, id: number): number {
    if (id >= stretch.first) return id - stretch.first;
    const known = stretch.externalNumbers.get(id);
    if (known !== undefined) return known;
    const number = -1 - stretch.externals.length;
    stretch.externals.push(id);
    stretch.externalNumbers.set(id, number);
    return number;
  }

  /** Type and shape of a tensor from before the stretch. */
  private factsOf(id: number): TensorFacts {
    let facts = this.usedFacts.get(id) ?? this.facts.get(id);
    if (!facts) {
      const [output] = this.native.executeOp('Identity', [], [this.realId(id)], 1);
      this.native.deleteTensor(output!.id);
      facts = { dtype: output!.dtype, shape: output!.shape };
    }
    this.usedFacts.set(id, facts);
    return facts;
  }

  /** Goes on to a place that a step has reached before. */
  private go(place: StepNode): OutputTensor[] {
    const stretch = this.stretch!;
    stretch.at = place;
    const { outputs } = place.recorded!;
    if (stretch.eager) {
      const made = this.run(stretch, place.recorded!);
      return outputs.map((facts, i) => this.handOut(stretch, facts, made[i]!));
    }
    stretch.asked.push({ node: place });
    return outputs.map((facts) => this.handOut(stretch, facts, null));
  }

  /** A tensor with an id of ours; `real` is the binding's, null while it waits. */
  private handOut(stretch: Stretch, { dtype, shape }: TensorFacts, real: number | null): OutputTensor {
    const id = this.nextId++;
    stretch.outputs.push({ dtype, shape });
    if (real !== null) this.real.set(id, real);
    return { id, dtype, shape: [...shape] };
  }

  /** A new place behind the present one, where the stretch leaves all that was recorded. */
  private branch(recorded: Recorded): StepNode {
    this.goEager();
    const { tree, at } = this.stretch!;
    const place = placeAfter(recorded);
    at.next.push(place);
    tree.nodes++;
    return place;
  }

  /** Runs what waits, op by op; what is asked for from now on does not wait. */
  private goEager(): void {
    const { stretch } = this;
    if (!stretch || stretch.eager) return;
    stretch.eager = true;
    stretch.began = processorTime();
    let number = 0;
    for (const asked of stretch.asked.splice(0)) {
      if ('freed' in asked) {
        this.free(asked.freed);
        continue;
      }
      const { recorded } = asked.node;
      for (const id of this.run(stretch, recorded!)) this.real.set(stretch.first + number++, id);
    }
  }

  /** Runs one op, or makes one constant. Returns the binding's ids. */
  private run(stretch: Stretch, recorded: Recorded): number[] {
    if (recorded.kind === 'constant') {
      const [{ shape, dtype }] = recorded.outputs;
      return [this.native.createTensor(shape, dtype, Int32Array.from(recorded.values))];
    }
    const inputs = recorded.inputs.map((number) =>
      number < 0 ? stretch.externals[-1 - number]! : stretch.first + number,
    );
    const { op, attributes, outputs } = recorded;
    return this.runReal(op, attributes, inputs, outputs.length).map(({ id }) => id);
  }

  private runReal(
    op: string,
    attributes: readonly BindingAttribute[],
    inputs: readonly number[],
    count: number,
  ): OutputTensor[] {
    return this.native.executeOp(
      op,
      attributes,
      inputs.map((id) => this.realId(id)),
      count,
    );
  }

  /** Ends the stretch. Returns the tree of the one that follows it, where one does. */
  private end(): StepTree {
    const stretch = this.stretch!;
    const { at, tree } = stretch;
    if (tree.eager) {
      this.counts.eager++;
      return tree.eager;
    }
    const end = (at.end ??= { seen: 0, made: null, next: emptyTree() });
    end.seen++;
    tree.fresh = end.seen === 1 ? tree.fresh + 1 : 0;
    if (tree.fresh > mostFresh) tree.eager = end.next;
    if (!stretch.eager && !this.callFunction(stretch, end)) this.goEager();
    if (stretch.eager && stretch.outputs.length > 0) {
      this.counts.eager++;
      const took = processorTime() - stretch.began;
      if (end.seen === madeAt - 1 && took > worthwhile * stretch.outputs.length) tree.eager = end.next;
    }
    return end.next;
  }

  /** Does all that waits as one call. Returns false if that is not possible. */
  private callFunction(stretch: Stretch, end: StretchEnd): boolean {
    if (stretch.outputs.length === 0 || end.seen < madeAt) return false;
    const freed = new Set(stretch.asked.flatMap((asked) => ('freed' in asked ? [asked.freed] : [])));
    const isAlive = (number: number) => !freed.has(stretch.first + number);
    end.made ??= this.makeFunction(stretch, end, isAlive);
    const { made } = end;
    if (!made) return false;
    const returned = new Set(made.returns);
    for (let number = 0; number < stretch.outputs.length; number++)
      if (isAlive(number) && !returned.has(number)) return false;
    made.used = this.calls++;
    let outputs: OutputTensor[];
    try {
      const inputs = stretch.externals.map((id) => this.realId(id));
      outputs = this.native.executeOp(made.name, [], inputs, made.returns.length);
    } catch {
      // Op by op the message names the op.
      stretch.tree.eager = end.next;
      return false;
    }
    const isAsKnown = outputs.every(({ shape }, i) => {
      const known = stretch.outputs[made.returns[i]!]!.shape;
      return shape.length === known.length && shape.every((size, axis) => size === known[axis]);
    });
    outputs.forEach(({ id }, i) => {
      const number = made.returns[i]!;
      if (isAsKnown && isAlive(number)) this.real.set(stretch.first + number, id);
      else this.native.deleteTensor(id);
    });
    if (!isAsKnown) {
      stretch.tree.eager = end.next;
      return false;
    }
    for (const id of freed) if (id < stretch.first) this.free(id);
    this.counts.captured++;
    return true;
  }

  private makeFunction(stretch: Stretch, end: StretchEnd, isAlive: (number: number) => boolean): StretchEnd['made'] {
    const recorded = stretch.asked.flatMap((asked) => ('node' in asked ? [asked.node.recorded!] : []));
    if (recorded.some((one) => one.kind === 'op' && uncapturable.test(one.op))) {
      stretch.tree.eager = end.next;
      return null;
    }
    const name = `lofi_step_${this.functions++}`;
    const made = producers(recorded);
    const returns = stretch.outputs.map((_, number) => number).filter(isAlive);
    try {
      const pairs = returns.flatMap((number) => [...made[number]!]);
      this.native.defineFunction!(name, graphDef(recorded, this.engine), stretch.externals.length, pairs);
    } catch {
      stretch.tree.eager = end.next;
      return null;
    }
    this.counts.made++;
    this.made.push(end);
    if (this.made.length > mostFunctions) this.dropLeastUsed(end);
    return { name, returns, used: this.calls };
  }

  private inputsOf(op: string): readonly OpInput[] {
    let inputs = this.opInputs.get(op);
    if (!inputs) this.opInputs.set(op, (inputs = opInputs(this.native.opDefinition!(op))));
    return inputs;
  }

  private dropLeastUsed(except: StretchEnd): void {
    const others = this.made.filter((end) => end !== except);
    const least = others.reduce((one, other) => (other.made!.used < one.made!.used ? other : one));
    this.remove(least);
    this.made = this.made.filter((end) => end !== least);
  }

  private remove(end: StretchEnd): void {
    if (end.made) this.native.removeFunction!(end.made.name);
    end.made = null;
    end.seen = 0;
  }

  private forget(tree: StepTree): void {
    const ends = new Set(endsOf(tree));
    for (const end of ends) this.remove(end);
    this.made = this.made.filter((end) => !ends.has(end));
  }

  private realId(id: number): number {
    if (id < firstId) return id;
    const real = this.real.get(id);
    if (real === undefined) throw new Error('a tensor is used whose op has failed');
    return real;
  }

  private free(id: number): void {
    // What an op would have made that has failed is not there.
    if (id >= firstId && !this.real.has(id)) return;
    this.native.deleteTensor(this.realId(id));
    this.real.delete(id);
  }
}

/** Milliseconds of processor time of this process, which other work on the machine does not change. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
