import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { UsageError } from '../../system/errors.js';
import { readJson } from '../../system/files.js';
import { annotationSchema, parseFile } from '../dataset.js';
import { readTable } from '../table.js';
import type { AnnotatedVideo } from './annotations.js';

const annotations = z.array(annotationSchema);
const officialSchema = z.object({
  database: z.record(
    z.string(),
    z.object({ subset: z.string().min(1), duration: z.number().optional(), annotations: annotations.default([]) }),
  ),
});
const bsnSchema = z.record(z.string(), z.object({ duration_second: z.number(), annotations }));

/**
 * Reads ActivityNet's JSON, in its official layout (`database`), or as BSN and G-TAD publish it (`anet_anno_action.json`: videos at the top,
 * splits in `video_info_new.csv` beside it).
 * @throws UsageError naming the file and the field.
 */
export function readActivityNet(file: string): AnnotatedVideo[] {
  const content = readJson(file, 'annotations');
  const official = typeof content === 'object' && content !== null && 'database' in content;
  return official ? readOfficial(content, file) : readBsn(content, file);
}

function readOfficial(content: unknown, file: string): AnnotatedVideo[] {
  const { database } = parseFile(officialSchema, content, file);
  return Object.entries(database).map(([id, { subset, duration, annotations }]) => ({
    id,
    subset,
    ...(duration === undefined ? {} : { duration }),
    instances: annotations.map(toInstance),
  }));
}

function readBsn(content: unknown, file: string): AnnotatedVideo[] {
  const videos = parseFile(bsnSchema, content, file);
  const subsets = readSubsets(file);
  return Object.entries(videos).map(([id, { duration_second, annotations }]) => {
    const subset = subsets.get(id);
    if (subset === undefined)
      throw new UsageError(`${file}: ${id} is not in ${splitFile} beside it: its split is unknown`);
    return { id, subset, duration: duration_second, instances: annotations.map(toInstance) };
  });
}

const splitFile = 'video_info_new.csv';

function readSubsets(file: string): Map<string, string> {
  const splits = path.join(path.dirname(file), splitFile);
  if (!existsSync(splits)) {
    throw new UsageError(`${file} has no "database" and so no splits: put ${splitFile} (video,…,subset,…) beside it`);
  }
  return new Map(readTable(splits, ['video', 'subset'], []).map(({ fields }) => [fields['video']!, fields['subset']!]));
}

function toInstance({ segment: [start, end], label }: z.infer<typeof annotationSchema>) {
  return { start, end, label };
}
