import { isSameConstant, isSameOp, type BindingAttribute, type RecordedCall, type TensorFacts } from './recorded.js';

/** What is known of a stretch of work that ended at a place of the tree. */
export interface StretchEnd {
  /** How often it has ended here. */
  seen: number;
  /** The function that does all of it; null before it is made. */
  made: StretchFunction | null;
  /** The stretch that begins here, when a value was read in the midst of a step. */
  readonly next: StepTree;
}

/** A function of TensorFlow that does a whole stretch of work. */
export interface StretchFunction {
  readonly name: string;
  /** The numbers of the tensors that it returns, in order. */
  readonly returns: readonly number[];
  /** When it was last called, by a count of calls. */
  used: number;
}

/** A place in the tree, reached by what has been recorded on the way. */
export interface StepNode {
  readonly recorded: RecordedCall | null;
  readonly next: StepNode[];
  end: StretchEnd | null;
}

/**
 * All the ways that a stretch of work has taken, as a tree: a step that begins like an earlier one goes the same way,
 * and where it asks for something else a branch begins.
 */
export interface StepTree {
  readonly root: StepNode;
  nodes: number;
  /** Stretches that took a way that none had taken before. */
  fresh: number;
  /**
   * Where it is set, the stretch runs op by op and is not recorded: one call does not pay, or TensorFlow does not take
   * it as a function. It holds the stretch that follows.
   */
  eager: StepTree | null;
}

export function emptyTree(): StepTree {
  return { root: placeAfter(null), nodes: 0, fresh: 0, eager: null };
}

/** Everything that is known of ends of the stretch, and of those that follow it. */
export function endsOf(tree: StepTree): StretchEnd[] {
  const ends: StretchEnd[] = [];
  const places = [tree.root];
  const behind = [tree.eager];
  // A step has thousands of places behind each other, too many for a recursion.
  for (let place = places.pop(); place; place = places.pop()) {
    places.push(...place.next);
    if (!place.end) continue;
    ends.push(place.end);
    behind.push(place.end.next);
  }
  return [...ends, ...behind.flatMap((next) => (next ? endsOf(next) : []))];
}

export function placeAfter(recorded: RecordedCall | null): StepNode {
  return { recorded, next: [], end: null };
}

/** The place behind `node` that an op leads to, if a step has gone there before. */
export function afterOp(
  node: StepNode,
  op: string,
  attributes: readonly BindingAttribute[],
  inputs: readonly number[],
  introduced: readonly TensorFacts[],
): StepNode | undefined {
  return node.next.find(({ recorded }) => isSameOp(recorded!, op, attributes, inputs, introduced));
}

/** The place behind `node` that a constant leads to, if a step has gone there before. */
export function afterConstant(node: StepNode, facts: TensorFacts, values: ArrayLike<number>): StepNode | undefined {
  return node.next.find(({ recorded }) => isSameConstant(recorded!, facts, values));
}
