import { UsageError } from '../../system/errors.js';
import type { Matrix } from './matrix.js';

/** What a row of a feature file is: a moment of the video, `[T, C]`, or a channel, `[C, T]`. */
export type Layout = 'rows' | 'columns';

/** A file and the shape of the matrix in it. */
export interface Shaped {
  file: string;
  shape: Matrix['shape'];
}

/**
 * How the files of a set lie: all must have the same number of channels. `auto` goes by that; where both axes are the same in all files, time
 * is the one that has as many places as the head sees snippets.
 *
 * @param snippets - null where the head sees windows.
 * @throws UsageError when the files do not agree, or either could be.
 */
export function agreedLayout(files: readonly Shaped[], wanted: Layout | 'auto', snippets: number | null): Layout {
  const [first] = files as [Shaped];
  const odd = (axis: 0 | 1) => files.find(({ shape }) => shape[axis] !== first.shape[axis]);
  const byLayout = { rows: odd(1), columns: odd(0) };
  const fitting = (['rows', 'columns'] as const).filter((layout) => !byLayout[layout]);
  if (wanted !== 'auto' ? fitting.includes(wanted) : fitting.length === 1)
    return wanted === 'auto' ? fitting[0]! : wanted;
  if (fitting.length === 0 || wanted !== 'auto') {
    const other = byLayout[wanted === 'columns' ? 'columns' : 'rows']!;
    throw new UsageError(`features of unlike channels: ${described(first)}, ${described(other)}`);
  }
  const [rows, columns] = first.shape;
  if ((rows === snippets) !== (columns === snippets)) return rows === snippets ? 'rows' : 'columns';
  throw new UsageError(
    `every feature file is ${rows} × ${columns}: set data.featureLayout=rows where a row is a moment, =columns where it is a channel`,
  );
}

function described({ file, shape: [rows, columns] }: Shaped): string {
  return `${file} is ${rows} × ${columns}`;
}
