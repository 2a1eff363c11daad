import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { UsageError } from '../../system/errors.js';
import { annotationSchema } from '../dataset.js';
import { JsonFile } from './json-file.js';
import type { JsonPath } from './json-walk.js';
import { readTable } from './csv-table.js';
import type { AnnotatedVideo, Warning } from './annotations.js';

// Testing videos have no annotations. Durations may be missing, and HACS writes them as strings.
const seconds = z.preprocess(
  (value) => (typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value),
  z.number().nonnegative().nullish(),
);
const annotations = z
  .array(annotationSchema)
  .nullish()
  .transform((list) => list ?? []);
const officialSchema = z.object({ subset: z.string().min(1), duration: seconds, annotations });
const bsnSchema = z.object({ duration_second: seconds, annotations });

/**
 * Reads ActivityNet's JSON in either layout: the official one (`database`), which HACS and ActionFormer's
 * THUMOS14 share, or that of BSN and G-TAD (`anet_anno_action.json`: videos at the top level, splits in
 * `video_info_new.csv` in the same folder).
 *
 * @throws UsageError with file:line and the field.
 */
export function readActivityNet(file: string): AnnotatedVideo[] {
  const json = new JsonFile(file, 'annotation file');
  const content = json.entries();
  return content.has('database') ? readOfficial(json, content.get('database')) : readBsn(json, content);
}

function readOfficial(json: JsonFile, database: unknown): AnnotatedVideo[] {
  const warnings = repetitions(json, ['database']);
  return [...json.entries(database, ['database'])].map(([id, value]) => {
    const { subset, duration, annotations } = json.parse(officialSchema, value, ['database', id]);
    return { id, subset, ...known(duration), instances: annotations.map(toInstance), warnings: warnings(id) };
  });
}

function readBsn(json: JsonFile, videos: Map<string, unknown>): AnnotatedVideo[] {
  const warnings = repetitions(json, []);
  const subsets = videos.size > 0 ? readSubsets(json.file) : new Map<string, Set<string>>();
  return [...videos].flatMap(([id, value]) => {
    const { duration_second: duration, annotations } = json.parse(bsnSchema, value, [id]);
    const named = subsets.get(id);
    if (!named) throw json.error([id], `not in ${splitFile} beside it: its split is unknown`);
    // A video in two splits is returned once for each split, the second time without instances.
    return [...named].map((subset, i) => ({
      id,
      subset,
      ...known(duration),
      instances: i === 0 ? annotations.map(toInstance) : [],
      warnings: warnings(id),
    }));
  });
}

/** Returns the warnings about a video: one if it occurs more than once in the object at `path`. */
function repetitions(json: JsonFile, path: JsonPath): (id: string) => Warning[] {
  const repeated = json.repeatedKeys(path);
  json.refuseRepeatedKeys((key) => key.length === path.length + 1 && path.every((step, i) => step === key[i]));
  const text = 'occurs more than once in the annotation file; only the last entry is read';
  return (id) => (repeated.has(id) ? [{ kind: 'repeated videos', text }] : []);
}

const splitFile = 'video_info_new.csv';

/** The subsets in which each video is listed, normally one. */
function readSubsets(file: string): Map<string, Set<string>> {
  const splits = path.join(path.dirname(file), splitFile);
  if (!existsSync(splits)) {
    throw new UsageError(`${file} has no "database" and so no splits: put ${splitFile} (video,…,subset,…) beside it`);
  }
  const subsets = new Map<string, Set<string>>();
  for (const { fields } of readTable(splits, { required: ['video', 'subset'] })) {
    const [id, subset] = [fields['video']!, fields['subset']!];
    subsets.set(id, (subsets.get(id) ?? new Set()).add(subset));
  }
  return subsets;
}

function known(duration: number | null | undefined): { duration?: number } {
  return duration === null || duration === undefined ? {} : { duration };
}

function toInstance({ segment: [start, end], label }: z.infer<typeof annotationSchema>) {
  return { start, end, label };
}
