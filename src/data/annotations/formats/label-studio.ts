import { z } from 'zod';
import type { Instance } from '../../dataset.js';
import { hasVideoExtension } from '../../video-extensions.js';
import type { Warning } from '../annotations.js';
import type { JsonFile } from '../json-file.js';
import type { JsonPath } from '../json-walk.js';
import { labelText } from '../tools/label-text.js';
import type { LabelledFile, LabelledVideo, ToolFormat } from '../tools/tool-format.js';
import { lastPart } from '../tools/video-names-of.js';

const range = z.object({ start: z.number().nonnegative(), end: z.number().nonnegative() });
const resultSchema = z.object({ type: z.string().nullish(), value: z.unknown() });
const valueSchema = z.object({ ranges: z.array(range), timelinelabels: z.array(z.string()) });
const annotationSchema = z.object({
  was_cancelled: z.boolean().nullish(),
  ground_truth: z.boolean().nullish(),
  result: z.array(resultSchema),
});
const taskSchema = z.object({
  data: z.record(z.string(), z.unknown()),
  file_upload: z.string().nullish(),
  annotations: z.array(annotationSchema).nullish(),
  completions: z.array(annotationSchema).nullish(),
});
/** A task of the export JSON-MIN, whose results stand beside its data. */
const ofMin = z.array(z.object({ ranges: z.array(range), timelinelabels: z.array(z.string()) }));

/**
 * Label Studio's tasks as JSON, with labels on the timeline of a video (TimelineLabels). Ranges count frames from 1,
 * both ends included, which its documentation does not say; that of one frame is a point event. Predictions are no
 * labels.
 */
export const labelStudio: ToolFormat = {
  name: 'Label Studio tasks',
  toldBy: 'a JSON list of tasks with data and annotations (or JSON-MIN, with labels on a timeline)',
  fits: ({ json }) => {
    const [first] = tasksOf(json) ?? [];
    if (typeof first !== 'object' || first === null || Array.isArray(first)) return false;
    const has = (key: string) => Object.hasOwn(first, key);
    return (has('data') && (has('annotations') || has('completions') || has('predictions'))) || isMin(first);
  },
  read: ({ json }) => readTasks(json!),
};

function tasksOf(json: JsonFile | undefined): unknown[] | undefined {
  const content = json?.content;
  if (Array.isArray(content)) return content as unknown[];
  return typeof content === 'object' && content !== null && 'data' in content ? [content] : undefined;
}

/** Whether a task is one of JSON-MIN: one of its values is a list of ranges with labels. */
function isMin(task: object): boolean {
  return Object.hasOwn(task, 'annotation_id') || Object.values(task).some((value) => isTimeline(value));
}

const isTimeline = (value: unknown) => Array.isArray(value) && value.length > 0 && ofMin.safeParse(value).success;

function readTasks(json: JsonFile): LabelledFile {
  const warnings: Warning[] = [];
  const lines = json.linesIn([]);
  const videos = tasksOf(json)!.flatMap((task, i): LabelledVideo[] => {
    const path: JsonPath = Array.isArray(json.content) ? [i] : [];
    const where = `${json.file}:${(path.length > 0 && lines.get(i)) || 1}`;
    const minimal = typeof task === 'object' && task !== null && !Object.hasOwn(task, 'data');
    if (minimal) {
      const values = [...json.entries(task, path)];
      const labels = values.flatMap(([, value]) => (isTimeline(value) ? ofMin.parse(value) : []));
      return [
        {
          ...videoOf(json, Object.fromEntries(values), undefined, path),
          where,
          instances: labels.flatMap(instancesOf),
        },
      ];
    }
    const { data, file_upload: upload, annotations, completions } = json.parse(taskSchema, task, path);
    const named = videoOf(json, data, upload ?? undefined, path);
    const finished = (annotations ?? completions ?? []).filter(({ was_cancelled: cancelled }) => cancelled !== true);
    const chosen = finished.find(({ ground_truth: truth }) => truth === true) ?? finished[0];
    const says = (kind: string, text: string) => {
      warnings.push({ kind, text: `${where}: ${lastPart(named.names[0]!)}: ${text}` });
    };
    if (!chosen) {
      says('tasks without an annotation', 'left out: nobody has labelled it yet');
      return [];
    }
    if (finished.length > 1)
      says(
        'tasks with several annotations',
        `one of ${finished.length} annotations is taken: ${chosen.ground_truth ? 'the ground truth' : 'the first'}`,
      );
    const others = new Set<string>();
    const instances = chosen.result.flatMap(({ type, value }): Instance[] => {
      if (type === 'timelinelabels') return instancesOf(json.parse(valueSchema, value, [...path, 'annotations']));
      others.add(type ?? 'no type');
      return [];
    });
    if (others.size > 0)
      says('results of other types', `results of ${[...others].join(', ')} are not read, only timelinelabels`);
    return [{ ...named, where, instances }];
  });
  return { videos, warnings };
}

/** Frames from 1, both ends included, as places among the frames. */
function instancesOf({ ranges, timelinelabels }: z.infer<typeof valueSchema>): Instance[] {
  const labels = timelinelabels.map(labelText).filter((label) => label !== '');
  return ranges.flatMap(({ start, end }) => {
    const from = Math.max(0, start - 1);
    return labels.map((label): Instance => ({ start: from, end: end === start ? from : end, label }));
  });
}

/** The video of a task: in `data`, as a path or an address. Uploaded files have 8 digits before their names. */
function videoOf(
  json: JsonFile,
  data: Record<string, unknown>,
  upload: string | undefined,
  path: JsonPath,
): Pick<LabelledVideo, 'names' | 'isUpload' | 'unit'> {
  const texts = Object.entries(data).flatMap(([key, value]) => (typeof value === 'string' ? [{ key, value }] : []));
  const found =
    texts.find(({ key }) => key === 'video') ?? texts.find(({ value }) => hasVideoExtension(lastPart(value)));
  const text = found?.value ?? upload;
  if (text === undefined) throw json.error(path, 'its data name no video');
  // Files on the server's disk are named by a query, /data/local-files/?d=videos/a.mp4.
  const [, local] = /^\/data\/local-files\/\?d=([^&]*)/.exec(text) ?? [];
  const named = local === undefined ? text : decoded(local);
  const isUpload = upload !== undefined || named.includes('/upload/');
  const bare = lastPart(named).replace(/^[0-9a-f]{8}-/, '');
  return { names: isUpload && bare !== lastPart(named) ? [bare, named] : [named], isUpload, unit: 'frames' };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
