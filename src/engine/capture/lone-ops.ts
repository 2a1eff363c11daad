import { differsInGraph } from './graph/one-dnn.js';

/**
 * Ops that cannot be part of a function: their outputs depend on more than their inputs, or their shapes on values, or
 * they take sparse matrices, whose shapes a function does not know.
 */
const uncapturable =
  /Random|Truncated|Multinomial|Where|Unique|NonMaxSuppression|Bincount|Print|Decode|Read|Write|Variable|SparseMatrix/;

/** Whether an op is called by itself, between two functions. */
export function isLoneOp(op: string, padding: () => unknown, usesOneDnn: boolean): boolean {
  return uncapturable.test(op) || (usesOneDnn && differsInGraph(op, padding));
}
