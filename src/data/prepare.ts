import path from 'node:path';
import { UsageError, WorkError } from '../system/errors.js';
import { fileContent } from '../system/files/file-content.js';
import { inParallel } from '../system/parallel.js';
import { printable } from '../system/printable.js';
import { findFfmpeg } from '../video/ffmpeg.js';
import { probe, type VideoInfo } from '../video/probe.js';
import { measurementsSchema, toDataset, type Dataset, type Instance, type Video } from './dataset.js';
import { shorten, type AnnotatedVideo, type Warning } from './annotations/annotations.js';
import { readAnnotations } from './annotations/read-annotations.js';
import { unseenLabels } from './annotations/label-map.js';
import { seconds } from './annotations/mend.js';
import { unusedInstances } from './annotations/unused.js';
import { annotationFiles } from './annotations/tools/annotation-files.js';
import { findVideos } from './annotations/tools/find-videos.js';
import { mendedLabels } from './annotations/tools/mended-labels.js';
import { onTheClock, withoutClock, type OnTheClock } from './annotations/tools/on-the-clock.js';
import { readByContent } from './annotations/tools/read-by-content.js';
import type { ColumnNames } from './annotations/tools/tool-format.js';
import { locateVideos } from './locate-videos.js';
import { oddities } from './oddities.js';

export interface PrepareRequest {
  /** The name of an annotation format, as `data.format` has it. */
  format: string;
  /** The annotation file; for 'thumos' and 'gtad' also a folder of G-TAD's tables, for 'auto' files and folders. */
  annotations: string | readonly string[];
  /** For 'auto': how tables call their columns. */
  columns?: ColumnNames;
  /** Seconds that point events last; absent: they are left out. */
  pointLength?: number;
  /**
   * The folder of video files `<id>.<extension>`, with or without a leading `v_`; null where there are only features.
   */
  videos: string | null;
  /** Videos as they were measured before: one whose file is still the same is not decoded again. */
  measured?: readonly Video[];
}

export interface PreparedDataset {
  dataset: Dataset;
  /**
   * One line each. Of many warnings of a kind only the first ones are here, and their number;
   * the dataset holds all of them.
   */
  warnings: string[];
}

/**
 * Joins annotations and video files to a dataset: finds each video's file, measures it, and corrects its annotations.
 * Missing and unreadable videos stay in the dataset with their `problem`; subsets stay as they are.
 *
 * @param onProgress - Called with the number of videos measured and their total.
 * @throws UsageError when the annotation file or the folder is wrong.
 */
export async function prepareDataset(
  request: PrepareRequest,
  onProgress?: (done: number, total: number) => void,
): Promise<PreparedDataset> {
  const { videos: annotated, warnings: said } = readRequested(request);
  // Without ffmpeg no video can be measured.
  if (request.videos !== null) findFfmpeg();
  const located = await locateVideos(annotated, request);
  const points = request.pointLength ?? (request.format === 'auto' ? null : undefined);
  const owners = new Map(located.map(({ video: { id }, found: { file } }) => [file, id] as const).reverse());
  const before = new Map(request.measured?.map((video) => [video.path, video]));
  const measured = await inParallel(
    located,
    ({ video, found }) => measureVideo(video, found, owners.get(found.file)!, before.get(found.file), points),
    onProgress,
  );
  const unused = unusedInstances(
    String(request.annotations),
    measured.map(({ video, annotated }) => ({ video, annotated })),
  );
  const warnings = measured.flatMap(({ video: { id }, warnings }) =>
    warnings.map(({ kind, text }) => ({ kind, text: `${id}: ${text}` })),
  );
  const dataset = toDataset(
    measured.map(({ video, warnings }) =>
      warnings.length === 0 ? video : { ...video, warnings: warnings.map(({ text }) => text) },
    ),
  );
  const unseen = unseenLabels(dataset, 'training').map((text) => ({ kind: 'labels that cannot be learnt', text }));
  return { dataset, warnings: shorten([...said, ...unused, ...warnings, ...unseen]) };
}

/**
 * What the annotations of a request say of videos, and what was noticed of the files.
 *
 * @throws UsageError when a file is wrong, or holds no videos.
 */
function readRequested({ format, annotations, columns = {}, videos }: PrepareRequest): {
  videos: AnnotatedVideo[];
  warnings: Warning[];
} {
  const places = typeof annotations === 'string' ? [annotations] : annotations;
  if (format === 'auto') {
    const { videos: labelled, warnings } = readByContent(annotationFiles(places), { columns });
    if (labelled.length === 0)
      throw new UsageError([`${places.join(', ')}: no videos in it`, ...warnings.map(({ text }) => text)].join('; '));
    return { videos: findVideos(labelled, videos), warnings };
  }
  const [place, ...others] = places;
  if (place === undefined || others.length > 0)
    throw new UsageError(`--format ${printable(format, 40)} reads one annotation file: leave it out to read several`);
  return { videos: readAnnotations(format, place), warnings: [] };
}

/**
 * Measures the file of an annotated video.
 *
 * @param owner - The id to which the file belongs, where several name it.
 * @param before - The video as it was measured before: where its file is still the same it is not decoded again.
 * @param pointLength - Seconds that point events last, as {@link mendedLabels} takes them.
 * @returns The video, its warnings, and its instances before they were mended, in seconds.
 */
export async function measureVideo(
  annotated: AnnotatedVideo,
  { file, exists }: { file: string; exists: boolean },
  owner: string,
  before: Video | undefined,
  pointLength?: number | null,
): Promise<MeasuredVideo> {
  const { id, subset } = annotated;
  const mended = (told: OnTheClock, duration: number, start = 0) =>
    mendedLabels(told, { begin: start, end: duration }, pointLength);
  const unusable = (problem: string): MeasuredVideo => {
    const duration = annotated.duration ?? 0;
    const { labels, warnings, ...rest } = mended(withoutClock(annotated), duration);
    const unmeasured = { duration, fps: 0, frames: 0, width: 0, height: 0 };
    return {
      video: { id, subset, path: file, ...unmeasured, ...labels, problem },
      warnings: [...annotated.warnings, ...warnings],
      ...rest,
    };
  };
  if (!exists) return unusable('missing: no such video file');
  // Two ids may share a file, as `abc` and `v_abc`; the video could then be both trained and validated on.
  if (owner !== id) return unusable(`its file already belongs to ${JSON.stringify(owner)}`);
  try {
    const content = await fileContent(file, before?.file);
    const info = content !== null && content.sha256 === before?.file?.sha256 ? measurements(before) : await probe(file);
    const { labels, warnings, ...rest } = mended(onTheClock(annotated, info), info.duration, info.start);
    const odd = [...otherLength(annotated.duration, info.duration), ...oddities(info)];
    return {
      video: { id, subset, path: file, ...info, ...(content && { file: content }), ...labels },
      warnings: [...annotated.warnings, ...odd, ...warnings],
      ...rest,
    };
  } catch (error) {
    if (!(error instanceof WorkError)) throw error;
    // The dataset has the path beside the message, in a form that survives moving the folder.
    return unusable(error.message.replaceAll(file, path.basename(file)));
  }
}

/** A video as it was measured, with its instances as they were annotated, in seconds. */
interface MeasuredVideo {
  video: Video;
  warnings: Warning[];
  annotated: readonly Instance[];
}

/** What `probe` found out about a video. */
function measurements(video: Video): VideoInfo {
  return measurementsSchema.parse(video);
}

/** Warns where a file is not as long as its annotation says. */
function otherLength(annotated: number | undefined, duration: number): Warning[] {
  if (annotated === undefined || Math.abs(duration - annotated) <= 1) return [];
  const text = `the file has ${seconds(duration)}, but its annotation says ${seconds(annotated)}`;
  return [{ kind: 'videos of another length', text }];
}
