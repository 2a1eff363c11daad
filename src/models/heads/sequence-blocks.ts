import type { SparseRow } from '../../engine/ops/graph/sparse-matrix.js';

/** How the snippets of some items are laid out in blocks, and how what is made of the blocks is averaged. */
export interface BlockLayout {
  /** Number of blocks of all items, N. */
  count: number;
  /** Steps of each block, K. */
  steps: number;
  /** The row of `[B·T]` that each step of each block sees, step by step: `[K·N]`. */
  rows: number[];
  /** For each row of `[B·T]`, the outputs of `[K·N]` whose mean it gets; none for rows that are no video. */
  means: SparseRow[];
}

/**
 * Blocks of `block` snippets, `stride` apart, over the first `valid[b]` snippets of each item (Srivastava et al. 2015;
 * docs/pretext.md). The last block of an item ends with it. An item of fewer snippets is one block, whose further steps
 * see its last snippet again and count for nothing.
 *
 * @param snippets - Rows of each item, T.
 */
export function blockLayout(
  valid: readonly number[],
  snippets: number,
  { block, stride }: { block: number; stride: number },
): BlockLayout {
  const blocks = valid.flatMap((length, item) =>
    blockStarts(length, block, stride).map((start) => ({
      first: item * snippets + start,
      seen: Math.min(block, length),
    })),
  );
  const rows = Array.from({ length: block }, (_, step) =>
    blocks.map(({ first, seen }) => first + Math.min(step, seen - 1)),
  ).flat();
  const outputs = Array.from({ length: valid.length * snippets }, (): number[] => []);
  for (let step = 0; step < block; step++)
    blocks.forEach(({ first, seen }, number) => {
      if (step < seen) outputs[first + step]!.push(step * blocks.length + number);
    });
  const means = outputs.map((list) => ({
    columns: Int32Array.from(list),
    values: new Float32Array(list.length).fill(1 / list.length),
  }));
  return { count: blocks.length, steps: block, rows, means };
}

function blockStarts(length: number, block: number, stride: number): number[] {
  const last = Math.max(0, length - block);
  return [...Array.from({ length: Math.ceil(last / stride) }, (_, i) => i * stride), last];
}

/**
 * The steps before each snippet: for each of the first `valid[b]` snippets of each item, the rows of `[B·T]` of the
 * `past` snippets before it, step by step `[past·N]` for N such snippets. Before the first snippet it stands still.
 */
export function pastRows(valid: readonly number[], snippets: number, past: number): number[] {
  return Array.from({ length: past }, (_, step) =>
    valid.flatMap((length, item) => Array.from({ length }, (_, t) => item * snippets + Math.max(0, t - past + step))),
  ).flat();
}
