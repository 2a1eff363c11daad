import { graphDef, producers } from './graph/graph-def.js';
import type { NativeBinding, OutputTensor } from './native-binding.js';
import { opInputs, type OpInput } from './graph/op-attributes.js';
import type { RecordedCall, TensorNumber } from './recorded.js';
import type { StretchEnd } from './step-tree.js';

/** Functions that are kept at a time. */
const mostFunctions = 64;

/** The functions of TensorFlow that do what has been recorded. The ones used least are dropped. */
export class StepFunctions {
  private made: StretchEnd[] = [];
  private count = 0;
  private calls = 0;
  private readonly opInputs = new Map<string, readonly OpInput[]>();

  /** @param usesOneDnn - Whether oneDNN does ops for which it has a kernel. */
  constructor(
    private readonly native: NativeBinding,
    private readonly usesOneDnn: boolean,
  ) {}

  /** How many have been made. */
  get total(): number {
    return this.count;
  }

  /**
   * Makes the function of a stretch of work.
   *
   * @param returns - The tensors of the stretch that it returns.
   * @throws Error if TensorFlow does not take the work as a function.
   */
  make(end: StretchEnd, recorded: readonly RecordedCall[], inputs: number, returns: readonly TensorNumber[]): void {
    const graph = graphDef(recorded, { inputsOf: (op) => this.inputsOf(op), usesOneDnn: this.usesOneDnn });
    const producedBy = producers(recorded);
    const name = `lofi_step_${this.count}`;
    const outputs = returns.flatMap((number) => [...producedBy[number]!]);
    this.native.defineFunction!(name, graph, inputs, outputs);
    this.count++;
    end.made = { name, returns, used: this.calls };
    this.made.push(end);
    if (this.made.length > mostFunctions) this.dropLeastUsed(end);
  }

  /** Calls a function that has been made, with the binding's ids of its inputs. */
  call(made: NonNullable<StretchEnd['made']>, inputs: readonly number[]): OutputTensor[] {
    made.used = ++this.calls;
    return this.native.executeOp(made.name, [], inputs, made.returns.length);
  }

  /** Drops the functions of these ends. */
  drop(ends: Iterable<StretchEnd>): void {
    const dropped = new Set(ends);
    for (const end of dropped) {
      if (end.made) this.native.removeFunction!(end.made.name);
      end.made = null;
      end.seen = 0;
    }
    this.made = this.made.filter((end) => !dropped.has(end));
  }

  private dropLeastUsed(except: StretchEnd): void {
    const others = this.made.filter((end) => end !== except);
    this.drop([others.reduce((one, other) => (other.made!.used < one.made!.used ? other : one))]);
  }

  private inputsOf(op: string): readonly OpInput[] {
    let inputs = this.opInputs.get(op);
    if (!inputs) this.opInputs.set(op, (inputs = opInputs(this.native.opDefinition!(op))));
    return inputs;
  }
}
