import type { ColumnNames } from '../../data/annotations/tools/tool-format.js';
import { UsageError } from '../../system/errors.js';
import { printable } from '../../system/printable.js';

const known = ['video', 'start', 'end', 'label', 'subset'] as const;

/**
 * Parses `--columns video=File name,start=Begin`. A comma in a name of a column is none between two of them where no
 * `key=` follows it.
 *
 * @throws UsageError for a key that there is not, one without a name, or one that is given twice.
 */
export function parseColumns(texts: readonly string[]): ColumnNames {
  const columns = new Map<string, string>();
  for (const part of texts.flatMap((text) => text.split(/,(?=[^,=]*=)/))) {
    const [, key = part, name = ''] = /^([^=]*)=(.*)$/s.exec(part) ?? [];
    const column = known.find((one) => one === key.trim());
    if (column === undefined)
      throw new UsageError(`--columns ${printable(part, 40)}: give some of ${known.join('=…, ')}=…`);
    if (name === '') throw new UsageError(`--columns ${column}=: the name of a column is missing`);
    if (columns.has(column)) throw new UsageError(`--columns ${column}=… is given twice`);
    columns.set(column, name);
  }
  return Object.fromEntries(columns);
}

/** Checks `--point-length`, in seconds. */
export function parseLength(seconds: number): number {
  if (seconds > 0 && seconds <= 3600) return seconds;
  throw new UsageError('--point-length takes a number of seconds above 0, at most 3600');
}
