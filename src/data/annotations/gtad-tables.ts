import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from '../../system/errors.js';
import { printable } from '../../system/printable.js';
import { readTable } from './csv-table.js';
import { readActivityNet } from './activitynet.js';
import type { AnnotatedVideo } from './annotations.js';
import { timeOf } from './csv-annotations.js';

const suffix = '_Annotation.csv';

/**
 * Reads the annotations that G-TAD publishes: for THUMOS14 one table per subset (`val_Annotation.csv`:
 * video,type,type_idx,start,end,…) or a folder of such tables; for ActivityNet its JSON.
 *
 * @throws UsageError with file:line.
 */
export function readGtad(place: string): AnnotatedVideo[] {
  if (statSync(place, { throwIfNoEntry: false })?.isDirectory()) {
    const tables = readdirSync(place).filter((name) => name.endsWith(suffix));
    if (tables.length === 0) throw new UsageError(`${place}: no *${suffix} in this folder`);
    return tables.sort().flatMap((name) => readTables(path.join(place, name)));
  }
  return place.toLowerCase().endsWith('.csv') ? readTables(place) : readActivityNet(place);
}

function readTables(file: string): AnnotatedVideo[] {
  return readTable(file, { required: ['video', 'type', 'start', 'end'] }).map(({ line, fields }) => {
    const id = fields['video']!;
    const subset = /^video_(validation|test)_/.exec(id)?.[1];
    if (subset === undefined) {
      const message = `video_validation_… or video_test_… expected, not "${printable(id, 40)}": its split is unknown`;
      throw new UsageError(`${file}:${line}: ${message}`);
    }
    const [start, end] = [timeOf(fields['start']!, `${file}:${line}`), timeOf(fields['end']!, `${file}:${line}`)];
    return { id, subset, instances: [{ start, end, label: fields['type']! }], warnings: [] };
  });
}
