import { processorTime } from '../processor-time.js';
import type { TensorFacts, TensorNumber } from './recorded.js';
import type { StepNode, StepTree } from './step-tree.js';

/** What a stretch asks for while its ops wait: an op or a constant, or that a tensor is freed. */
export type WaitingCall = { node: StepNode } | { freed: number };

/** A stretch of captured work that is going on: from the begin of the work, or from a read in it, to the next. */
export class WorkStretch {
  at: StepNode;
  /** What waits, in order. */
  asked: WaitingCall[] = [];
  /** The tensors that it has made. */
  readonly outputs: TensorFacts[] = [];
  /** The tensors from before it that it has used. */
  readonly externals: number[] = [];
  /** Whether its ops run as they are asked for; else they wait. */
  eager: boolean;
  private readonly numbers = new Map<number, TensorNumber>();
  private began = 0;

  /** @param first - The id of the first tensor that it makes. */
  constructor(
    readonly tree: StepTree,
    readonly first: number,
  ) {
    this.at = tree.root;
    this.eager = tree.eager !== null;
  }

  /** The number of a tensor in the stretch. */
  numberOf(id: number): TensorNumber {
    if (id >= this.first) return id - this.first;
    const known = this.numbers.get(id);
    if (known !== undefined) return known;
    const number = -1 - this.externals.length;
    this.externals.push(id);
    this.numbers.set(id, number);
    return number;
  }

  /** The id of the tensor of a number. */
  idOf(number: TensorNumber): number {
    return number < 0 ? this.externals[-1 - number]! : this.first + number;
  }

  /** What waits, which waits no longer: the stretch runs op by op from now on. */
  goEager(): WaitingCall[] {
    this.eager = true;
    this.began = processorTime();
    return this.asked.splice(0);
  }

  /** Milliseconds of processor time that its ops have taken on average since it ran op by op. */
  meanTime(): number {
    return (processorTime() - this.began) / this.outputs.length;
  }
}
