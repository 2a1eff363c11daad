import path from 'node:path';
import { WorkError } from '../system/errors.js';
import { fileContent } from '../system/files/file-content.js';
import { inParallel } from '../system/parallel.js';
import { findFfmpeg } from '../video/ffmpeg.js';
import { probe, type VideoInfo } from '../video/probe.js';
import { measurementsSchema, toDataset, type Dataset, type Video } from './dataset.js';
import { shorten, type AnnotatedVideo, type Warning } from './annotations/annotations.js';
import { readAnnotations } from './annotations/read-annotations.js';
import { unseenLabels } from './annotations/label-map.js';
import { mendInstances, seconds } from './annotations/mend.js';
import { unusedInstances } from './annotations/unused.js';
import { locateVideos } from './locate-videos.js';
import { oddities } from './oddities.js';

export interface PrepareRequest {
  /** The name of an annotation format, as `data.format` has it. */
  format: string;
  /** The annotation file; for 'thumos' and 'gtad' also a folder of G-TAD's tables. */
  annotations: string;
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
  const annotated = readAnnotations(request.format, request.annotations);
  // Without ffmpeg no video can be measured.
  if (request.videos !== null) findFfmpeg();
  const located = await locateVideos(annotated, request);
  const owners = new Map(located.map(({ video: { id }, found: { file } }) => [file, id] as const).reverse());
  const before = new Map(request.measured?.map((video) => [video.path, video]));
  const measured = await inParallel(
    located,
    ({ video, found }) => measureVideo(video, found, owners.get(found.file)!, before.get(found.file)),
    onProgress,
  );
  const unused = unusedInstances(
    request.annotations,
    measured.map(({ video }, i) => ({ video, annotated: located[i]!.video.instances })),
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
  return { dataset, warnings: shorten([...unused, ...warnings, ...unseen]) };
}

/**
 * Measures the file of an annotated video.
 *
 * @param owner - The id to which the file belongs, where several name it.
 * @param before - The video as it was measured before: where its file is still the same it is not decoded again.
 */
export async function measureVideo(
  annotated: AnnotatedVideo,
  { file, exists }: { file: string; exists: boolean },
  owner: string,
  before: Video | undefined,
): Promise<{ video: Video; warnings: Warning[] }> {
  const { id, subset } = annotated;
  const mended = (duration: number, start = 0) => mendInstances(annotated.instances, duration, start);
  const unusable = (problem: string) => {
    const duration = annotated.duration ?? 0;
    const { instances, warnings } = mended(duration);
    const unmeasured = { duration, fps: 0, frames: 0, width: 0, height: 0 };
    return {
      video: { id, subset, path: file, ...unmeasured, instances, problem },
      warnings: [...annotated.warnings, ...warnings],
    };
  };
  if (!exists) return unusable('missing: no such video file');
  // Two ids may share a file, as `abc` and `v_abc`; the video could then be both trained and validated on.
  if (owner !== id) return unusable(`its file already belongs to ${JSON.stringify(owner)}`);
  try {
    const content = await fileContent(file, before?.file);
    const info = content !== null && content.sha256 === before?.file?.sha256 ? measurements(before) : await probe(file);
    const { instances, warnings } = mended(info.duration, info.start);
    const odd = [...otherLength(annotated.duration, info.duration), ...oddities(info)];
    return {
      video: { id, subset, path: file, ...info, ...(content && { file: content }), instances },
      warnings: [...annotated.warnings, ...odd, ...warnings],
    };
  } catch (error) {
    if (!(error instanceof WorkError)) throw error;
    // The dataset has the path beside the message, in a form that survives moving the folder.
    return unusable(error.message.replaceAll(file, path.basename(file)));
  }
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
