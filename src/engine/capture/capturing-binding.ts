import type { CaptureCounts, CaptureMode } from './capture-state.js';
import type { NativeBinding, OutputTensor, TensorCalls } from './native-binding.js';
import { isLoneOp } from './lone-ops.js';
import type { BindingAttribute, RecordedCall, TensorFacts } from './recorded.js';
import { StepFunctions } from './step-functions.js';
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
import { WorkStretch } from './work-stretch.js';
import { TensorTable } from './tensor-table.js';

/** Constants of int32 with at most so many values are part of the function, since shapes follow from them. */
const smallConstant = 16;
const int32 = 3;
/** A stretch becomes a function when it comes for so many times. The first warms up, the second is timed. */
const madeAt = 3;
/** Places of a tree at most; then it is forgotten, with its functions. */
const mostNodes = 200_000;
/** Milliseconds of processor time that an op takes on average, beyond which a call for each costs next to nothing. */
const worthwhile = 3;
/** Stretches on ways of their own, one after the other, after which a tree is given up. */
const mostFresh = 48;

/**
 * Stands in front of TensorFlow.js's binding. Work that is handed to {@link capture} is recorded: what it asks for runs
 * op by op at first. When the same is asked for again, ops wait, their outputs being known, and run at the end as one
 * function of TensorFlow's graph executor, which spares the call for each. Where a step asks for something else than an
 * earlier one, what waits runs op by op, and the rest too: nothing is ever guessed.
 *
 * Tensors that captured work makes have ids of their own, which are translated in every call.
 */
export class CapturingBinding implements TensorCalls {
  mode: CaptureMode = 'auto';
  private captured = 0;
  private ranEager = 0;
  private stretch: WorkStretch | null = null;
  private readonly tensors: TensorTable;
  private readonly functions: StepFunctions;
  private readonly trees = new Map<string, StepTree>();
  /** Facts of the binding's own tensors that this work and the one before it have used. It never uses an id twice. */
  private facts = new Map<number, TensorFacts>();
  private usedFacts = new Map<number, TensorFacts>();
  private readonly usesOneDnn: boolean;

  constructor(private readonly native: NativeBinding) {
    this.usesOneDnn = native.usesOneDnn === true && !native.isUsingGpuDevice();
    this.tensors = new TensorTable(native);
    this.functions = new StepFunctions(native, this.usesOneDnn);
  }

  get counts(): CaptureCounts {
    return { captured: this.captured, eager: this.ranEager, made: this.functions.total };
  }

  /** Runs work whose ops are captured under a name. Work within captured work is part of it. */
  capture<T>(name: string, work: () => T): T {
    if (this.stretch || this.mode === 'off') return work();
    this.begin(this.treeOf(name));
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
    const padding = () => attributes.find(({ name }) => name === 'padding')?.value;
    if (isLoneOp(op, padding, this.usesOneDnn)) return this.runBetween(op, attributes, inputs, count);
    const known = stretch.externals.length;
    const numbers = inputs.map((id) => stretch.numberOf(id));
    const introduced = stretch.externals.slice(known).map((id) => this.factsOf(id));
    const place = afterOp(stretch.at, op, attributes, numbers, introduced);
    if (place) return this.go(place);
    this.goEager();
    const outputs = this.runReal(op, attributes, inputs, count);
    const recorded: RecordedCall = {
      ...{ kind: 'op', op, attributes: attributes.map((each) => ({ ...each })), inputs: numbers, introduced },
      outputs: outputs.map(({ dtype, shape }) => ({ dtype, shape: [...shape] })),
    };
    stretch.at = this.branch(recorded);
    return recorded.outputs.map((facts, i) => this.handOut(stretch, facts, outputs[i]!.id));
  }

  deleteTensor(id: number): void {
    const { stretch } = this;
    if (stretch && !stretch.eager) stretch.asked.push({ freed: id });
    else this.tensors.free(id);
  }

  tensorDataSync(id: number): ReturnType<TensorCalls['tensorDataSync']> {
    const { stretch } = this;
    // Its value is needed now: what waits runs, and the rest of the step is a stretch of its own.
    if (stretch && id >= stretch.first) this.begin(this.end());
    return this.native.tensorDataSync(this.tensors.real(id));
  }

  private treeOf(name: string): StepTree {
    let tree = this.trees.get(name);
    if (tree && tree.nodes > mostNodes) {
      this.functions.drop(endsOf(tree));
      tree = undefined;
    }
    if (!tree) this.trees.set(name, (tree = emptyTree()));
    return tree;
  }

  private begin(tree: StepTree): void {
    this.stretch = new WorkStretch(tree, this.tensors.next);
  }

  /** Type and shape of a tensor from before the stretch. */
  private factsOf(id: number): TensorFacts {
    let facts = this.tensors.facts(id) ?? this.usedFacts.get(id) ?? this.facts.get(id);
    if (!facts) {
      const [same] = this.native.executeOp('Identity', [], [id], 1);
      this.native.deleteTensor(same!.id);
      facts = { dtype: same!.dtype, shape: same!.shape };
    }
    this.usedFacts.set(id, facts);
    return facts;
  }

  /** Runs one op by itself, between two stretches. */
  private runBetween(
    op: string,
    attributes: readonly BindingAttribute[],
    inputs: readonly number[],
    count: number,
  ): OutputTensor[] {
    this.begin(this.end());
    const outputs = this.runReal(op, attributes, inputs, count);
    for (const { id, dtype, shape } of outputs) this.usedFacts.set(id, { dtype, shape: [...shape] });
    return outputs;
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

  /** A tensor of the stretch; `real` is the binding's id, null while it waits. */
  private handOut(stretch: WorkStretch, facts: TensorFacts, real: number | null): OutputTensor {
    const output = this.tensors.announce(facts);
    stretch.outputs.push(facts);
    if (real !== null) this.tensors.made(output.id, real, facts);
    return output;
  }

  /** A new place behind the present one, where the stretch leaves all that was recorded. */
  private branch(recorded: RecordedCall): StepNode {
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
    let number = 0;
    for (const asked of stretch.goEager()) {
      if ('freed' in asked) {
        this.tensors.free(asked.freed);
        continue;
      }
      const made = this.run(stretch, asked.node.recorded!);
      for (const id of made) this.tensors.made(stretch.idOf(number), id, stretch.outputs[number++]!);
    }
  }

  /** Runs one op, or makes one constant. Returns the binding's ids. */
  private run(stretch: WorkStretch, recorded: RecordedCall): number[] {
    if (recorded.kind === 'constant') {
      const [{ shape, dtype }] = recorded.outputs;
      return [this.native.createTensor(shape, dtype, Int32Array.from(recorded.values))];
    }
    const inputs = recorded.inputs.map((number) => stretch.idOf(number));
    const { op, attributes, outputs } = recorded;
    return this.runReal(op, attributes, inputs, outputs.length).map(({ id }) => id);
  }

  private runReal(
    op: string,
    attributes: readonly BindingAttribute[],
    inputs: readonly number[],
    count: number,
  ): OutputTensor[] {
    const real = inputs.map((id) => this.tensors.real(id));
    return this.native.executeOp(op, attributes, real, count);
  }

  /** Ends the stretch. Returns the tree of the one that follows it, where one does. */
  private end(): StepTree {
    const stretch = this.stretch!;
    const { at, tree } = stretch;
    if (tree.eager) {
      this.ranEager++;
      return tree.eager;
    }
    const end = (at.end ??= { seen: 0, made: null, next: emptyTree() });
    end.seen++;
    tree.fresh = end.seen === 1 ? tree.fresh + 1 : 0;
    if (tree.fresh > mostFresh) tree.eager = end.next;
    if (!stretch.eager && !this.callFunction(stretch, end)) this.goEager();
    if (stretch.eager && stretch.outputs.length > 0) {
      this.ranEager++;
      const isSlow = end.seen === madeAt - 1 && stretch.meanTime() > worthwhile;
      if (isSlow && this.mode === 'auto') tree.eager = end.next;
    }
    return end.next;
  }

  /** Does all that waits as one call. Returns false if that is not possible, with nothing done. */
  private callFunction(stretch: WorkStretch, end: StretchEnd): boolean {
    if (stretch.outputs.length === 0 || end.seen < madeAt) return false;
    const freed = new Set(stretch.asked.flatMap((asked) => ('freed' in asked ? [asked.freed] : [])));
    const alive = stretch.outputs.map((_, number) => number).filter((number) => !freed.has(stretch.idOf(number)));
    let outputs: OutputTensor[];
    try {
      if (!end.made) {
        const recorded = stretch.asked.flatMap((asked) => ('node' in asked ? [asked.node.recorded!] : []));
        this.functions.make(end, recorded, stretch.externals.length, alive);
      }
      const returned = new Set(end.made!.returns);
      if (!alive.every((number) => returned.has(number))) return false;
      const inputs = stretch.externals.map((id) => this.tensors.real(id));
      outputs = this.functions.call(end.made!, inputs);
    } catch {
      // Op by op the message names the op.
      stretch.tree.eager = end.next;
      return false;
    }
    const { returns } = end.made!;
    const isAsKnown = outputs.every(({ shape }, i) => {
      const known = stretch.outputs[returns[i]!]!.shape;
      return shape.length === known.length && shape.every((size, axis) => size === known[axis]);
    });
    if (!isAsKnown) stretch.tree.eager = end.next;
    outputs.forEach(({ id }, i) => {
      const number = returns[i]!;
      if (isAsKnown && !freed.has(stretch.idOf(number)))
        this.tensors.made(stretch.idOf(number), id, stretch.outputs[number]!);
      else this.native.deleteTensor(id);
    });
    if (!isAsKnown) return false;
    for (const id of freed) if (id < stretch.first) this.tensors.free(id);
    this.captured++;
    return true;
  }
}
