import path from 'node:path';
import { z } from 'zod';
import type { FileContent } from '../system/files/file-content.js';
import { writeFileAtomic } from '../system/files/files.js';
import type { VideoInfo } from '../video/probe.js';
import { JsonFile } from './annotations/json-file.js';
import type { UnlabelledStretch } from './unlabelled-stretches.js';

/** An action in a video: start and end in seconds, and its class as `label`. */
export interface Instance {
  start: number;
  end: number;
  label: string;
}

/** An untrimmed video: the properties measured of its file, and its annotated instances. */
export interface Video extends VideoInfo {
  id: string;
  /** 'training', 'validation', 'testing', or any other name of a split. */
  subset: string;
  /** Absolute; for a missing file the path where it was looked for. */
  path: string;
  /** The content of its file when it was measured; absent where it was not read. */
  file?: FileContent;
  instances: Instance[];
  /** Stretches in seconds that nobody has labelled yet, in order and apart; absent: all of it is labelled. */
  unlabelled?: UnlabelledStretch[];
  /** Why the video cannot be used; its duration, frames and size may then be 0. */
  problem?: string;
  /** Oddities of its annotations and corrections made to them, one line each. */
  warnings?: string[];
}

export interface Dataset {
  videos: Video[];
  /** All labels, sorted. The number of a class is its position here. */
  classes: string[];
}

/** A number from 0 that no video exceeds: others ask for more memory than there is. */
const upTo = (most: number, number = z.number()) => number.nonnegative().max(most);
/** At most eleven days. */
const seconds = upTo(1_000_000);
const rate = upTo(10_000).refine((fps) => fps === 0 || fps >= 0.001, 'must be at least 0.001');
const frameCount = upTo(10_000_000, z.int());
const pixels = upTo(32_768, z.int());
const count = z.number().int().nonnegative();
const name = z.string().min(1);

/** The annotations of one video as ActivityNet writes them. */
export const annotationSchema = z.object({ segment: z.tuple([z.number(), z.number()]), label: name });

/** A second of a container's clock; a first frame may be shown before its start. */
const moment = z.number().min(-1_000_000).max(1_000_000);

function ascending(times: readonly (readonly [number, number])[]): boolean {
  return times.every(([frame, second], i) => {
    const [before, earlier] = times[i - 1] ?? [-1, -Infinity];
    return (i > 0 || frame === 0) && frame > before && second >= earlier;
  });
}

/** What `probe` measures of a video, as files hold it. */
export const measurementsSchema = z.object({
  duration: seconds,
  fps: rate,
  frames: frameCount,
  width: pixels,
  height: pixels,
  start: moment.exactOptional(),
  times: z
    .array(z.tuple([frameCount, moment]))
    .min(2)
    .refine(ascending, 'must be [frame, second] from frame 0 on, ascending')
    .exactOptional(),
  stream: z.int().positive().exactOptional(),
  seek: z.object({ start: moment, gap: z.int().positive() }).exactOptional(),
  drift: z.number().positive().exactOptional(),
  damage: name.exactOptional(),
});

const videoSchema = measurementsSchema
  .extend({
    subset: name,
    path: name,
    file: z.object({ bytes: count, modified: z.number(), sha256: name }).exactOptional(),
    annotations: z.array(
      annotationSchema.refine(({ segment: [start, end] }) => start >= 0 && end > start, {
        path: ['segment'],
        error: 'must be [start, end] with 0 <= start < end (seconds)',
      }),
    ),
    unlabelled: z
      .array(
        z.tuple([z.number(), z.number()]).refine(([start, end]) => start >= 0 && end > start, {
          error: 'must be [start, end] with 0 <= start < end (seconds)',
        }),
      )
      .exactOptional(),
    problem: name.exactOptional(),
    warnings: z.array(z.string()).exactOptional(),
  })
  .superRefine((video, context) => {
    if (video.problem !== undefined) return;
    if (video.times && video.times.at(-1)![0] !== video.frames)
      context.addIssue({ code: 'custom', path: ['times'], message: 'must end with the number of frames' });
    if (video.duration <= (video.start ?? 0))
      context.addIssue({ code: 'custom', path: ['start'], message: 'must be before the duration' });
    for (const key of ['duration', 'fps', 'frames', 'width', 'height'] as const) {
      if (video[key] === 0) context.addIssue({ code: 'custom', path: [key], message: 'must be above 0' });
    }
  });

/** What this version writes: times count from the container's start, by the frames' own times. */
const version = 'lofi-tal 2';

const datasetSchema = z.object({ version: z.string(), database: z.unknown() });

/**
 * Reads a dataset file (docs/datasets.md): ActivityNet's JSON with, for each video, its measured properties and its
 * `path` (absolute, or relative to the file's folder).
 *
 * @throws UsageError with file:line and the field.
 */
export function loadDataset(file: string): Dataset {
  const json = new JsonFile(file, 'dataset');
  json.refuseRepeatedKeys();
  const { database } = json.parse(datasetSchema);
  const folder = path.dirname(path.resolve(file));
  return toDataset(
    [...json.entries(database, ['database'])].map(([id, value]) => {
      const { annotations, ...video } = json.parse(videoSchema, value, ['database', id]);
      const instances = annotations.map(({ segment: [start, end], label }) => ({ start, end, label }));
      return { ...video, id, path: path.resolve(folder, video.path), instances };
    }),
  );
}

/**
 * Whether a dataset file was prepared by a version that took every picture to begin at 0 s, and frames to come evenly.
 *
 * @throws UsageError when it is no dataset file.
 */
export function isOutdated(file: string): boolean {
  return new JsonFile(file, 'dataset').parse(datasetSchema).version === 'lofi-tal 1';
}

/** Writes a dataset file. Paths below its folder are stored relative to it, so that the folder can be moved. */
export function saveDataset(file: string, dataset: Dataset): void {
  const folder = path.dirname(path.resolve(file));
  const database = Object.fromEntries(
    dataset.videos.map(({ id, instances, path: absolute, ...video }) => [
      id,
      {
        ...video,
        path: portablePath(folder, absolute),
        annotations: instances.map(({ start, end, label }) => ({ segment: [start, end], label })),
      },
    ]),
  );
  const content = { version, taxonomy: [], database };
  writeFileAtomic(file, `${JSON.stringify(content, null, 1).replace(pairs, '[$1, $2]')}\n`);
}

/** Arrays of two numbers, each on a line of its own. Strings hold no line breaks in JSON. */
const pairs = /\[\n\s*(-?[\d.e+-]+),\n\s*(-?[\d.e+-]+)\n\s*\]/g;

function portablePath(folder: string, absolute: string): string {
  const relative = path.relative(folder, absolute);
  const below =
    relative !== '' && relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
  return below ? relative.split(path.sep).join('/') : absolute;
}

/** The videos of a subset, including unusable ones. */
export function videosOf(dataset: Dataset, subset: string): Video[] {
  return dataset.videos.filter((video) => video.subset === subset);
}

/** Makes a dataset of videos. Its classes are the labels of their instances. */
export function toDataset(videos: Video[]): Dataset {
  const labels = new Set(videos.flatMap(({ instances }) => instances.map(({ label }) => label)));
  return { videos, classes: [...labels].sort() };
}
