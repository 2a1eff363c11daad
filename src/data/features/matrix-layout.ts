import { UsageError } from '../../system/errors.js';
import type { Matrix } from './matrix.js';

/** The layout of a feature file. With `rows` a row is a time step (`[T, C]`), with `columns` a channel (`[C, T]`). */
export type MatrixLayout = 'rows' | 'columns';

/** A file and the shape of the matrix in it. */
export interface Shaped {
  file: string;
  shape: Matrix['shape'];
}

/**
 * Decides the layout of a set of feature files, which must all have the same number of channels. `auto` takes
 * the axis whose size is the same in all files for the channels. Where both are, time is the axis with as many
 * steps as the head sees snippets.
 *
 * @param wanted - `data.featureLayout`.
 * @param snippets - Number of snippets that the head sees; null where it sees windows.
 * @throws UsageError when the files have different numbers of channels, or both layouts are possible.
 */
export function agreedLayout(
  files: readonly Shaped[],
  wanted: MatrixLayout | 'auto',
  snippets: number | null,
): MatrixLayout {
  const [first] = files as [Shaped];
  const odd = (axis: 0 | 1) => files.find(({ shape }) => shape[axis] !== first.shape[axis]);
  const byLayout = { rows: odd(1), columns: odd(0) };
  const fitting = (['rows', 'columns'] as const).filter((layout) => !byLayout[layout]);
  if (wanted !== 'auto' ? fitting.includes(wanted) : fitting.length === 1)
    return wanted === 'auto' ? fitting[0]! : wanted;
  if (fitting.length === 0 || wanted !== 'auto') {
    const other = byLayout[wanted === 'columns' ? 'columns' : 'rows']!;
    throw new UsageError(`feature files with different numbers of channels: ${described(first)}, ${described(other)}`);
  }
  const [rows, columns] = first.shape;
  if ((rows === snippets) !== (columns === snippets)) return rows === snippets ? 'rows' : 'columns';
  throw new UsageError(
    `every feature file is ${rows} × ${columns}: set data.featureLayout=rows where a row is a time step, ` +
      '=columns where it is a channel',
  );
}

function described({ file, shape: [rows, columns] }: Shaped): string {
  return `${file} is ${rows} × ${columns}`;
}
