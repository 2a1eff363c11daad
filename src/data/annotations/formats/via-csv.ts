import { z } from 'zod';
import { UsageError } from '../../../system/errors.js';
import { printable } from '../../../system/printable.js';
import type { Warning } from '../annotations.js';
import { labelText } from '../tools/label-text.js';
import { plainName, TextTable } from '../tools/text-table.js';
import type { LabelledVideo, ToolFormat } from '../tools/tool-format.js';

const header = /^# CSV_HEADER\s*=\s*(.*)$/;
const listOf = z.array(z.string()).min(1);
const values = z.record(z.string(), z.union([z.string(), z.number()]));
const times = z.array(z.number());

/** The segments of the VGG Image Annotator 3 as CSV. A comment names the columns; fields are JSON in part. */
export const viaCsv: ToolFormat = {
  name: 'VIA segments (CSV)',
  toldBy: 'a comment "# CSV_HEADER = metadata_id,…"',
  fits: ({ table }) => headerOf(table?.comments)?.startsWith('metadata_id') ?? false,
  read({ table, text, file }) {
    const names = headerOf(table!.comments)!;
    // The comment takes the place of the header that a table needs, in a line of its own, so that numbers stay.
    const at = text.search(/^# CSV_HEADER/m);
    const rest = text.slice(at).replace(/^[^\n]*/, names);
    const rows = new TextTable(file, text.slice(0, at).replace(/[^\n]/g, '') + rest);
    const warnings: Warning[] = [];
    const places = new Map(rows.header.map((name, place) => [plainName(name), place]));
    const parsed = rows.rows().map(({ line, cells }) => {
      const where = `${file}:${line}`;
      const cell = (name: string) => cells[places.get(name) ?? -1] ?? '';
      const [path] = fromJson(listOf, cell('file list'), where, 'file_list');
      const time = cell('temporal coordinates');
      const [start, end = start] =
        time === ''
          ? [seconds(cell('temporal segment start'), where), seconds(cell('temporal segment end'), where)]
          : fromJson(times, time, where, 'temporal_coordinates');
      return { where, path: path!, start, end, values: fromJson(values, cell('metadata') || '{}', where, 'metadata') };
    });
    const counts = new Map<string, number>();
    for (const row of parsed) for (const name of Object.keys(row.values)) counts.set(name, (counts.get(name) ?? 0) + 1);
    const [chosen, ...others] = [...counts].sort((a, b) => b[1] - a[1]).map(([name]) => name);
    if (others.length > 0) {
      const list = others.map((name) => JSON.stringify(name)).join(', ');
      const says = `${file}: labels are the values of ${JSON.stringify(chosen)}, not of ${list}`;
      warnings.push({ kind: 'files with several attributes', text: says });
    }
    const videos = parsed.map(({ where, path, start, end, values: given }): LabelledVideo => {
      const label = labelText(String((chosen !== undefined && given[chosen]) || ''));
      if (label === '' || start === undefined) {
        warnings.push({ kind: 'segments without a label', text: `${where}: left out: a segment without a label` });
        return { names: [path], where, instances: [] };
      }
      return { names: [path], where, instances: [{ start, end: end ?? start, label }] };
    });
    return { videos, warnings };
  },
};

function headerOf(comments: readonly string[] | undefined): string | undefined {
  return comments?.map((line) => header.exec(line)?.[1]).find((names) => names !== undefined);
}

function seconds(text: string, where: string): number {
  const value = Number(text);
  if (text !== '' && Number.isFinite(value)) return value;
  throw new UsageError(`${where}: "${printable(text, 40)}" is no number of seconds`);
}

function fromJson<T>(schema: z.ZodType<T>, text: string, where: string, column: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new UsageError(`${where}: ${column} is not the JSON that VIA writes: ${printable(text, 60)}`);
}
