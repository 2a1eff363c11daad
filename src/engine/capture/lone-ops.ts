import { differsInGraph } from './graph/one-dnn.js';

/** Ops whose outputs depend on more than their inputs, or whose shapes depend on values. */
const unsteady =
  /Random|Truncated|Multinomial|Where|Unique|NonMaxSuppression|Bincount|Print|Decode|Read|Write|Variable/;
/** Sparse matrices, whose shapes a function does not know, and ops that several processes run in one order. */
const outside = /^SparseMatrix|^Collective/;

/** Whether an op is called by itself, between two functions. */
export function isLoneOp(op: string, padding: () => unknown, usesOneDnn: boolean): boolean {
  return unsteady.test(op) || outside.test(op) || (usesOneDnn && differsInGraph(op, padding));
}
