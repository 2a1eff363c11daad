import path from 'node:path';
import PQueue from 'p-queue';
import { WorkError } from '../system/errors.js';
import { findFfmpeg } from '../video/ffmpeg.js';
import { probe } from '../video/probe.js';
import { toDataset, type Dataset, type Instance, type Video } from './dataset.js';
import type { AnnotatedVideo } from './formats/annotations.js';
import { readAnnotations } from './formats/read.js';
import { VideoFolder } from './video-files.js';

export interface PrepareRequest {
  /** 'activitynet' or 'csv'. */
  format: string;
  /** The annotation file. */
  annotations: string;
  /** The folder with the video files: `<id>.<extension>`, with or without a leading `v_`. */
  videos: string;
}

export interface PreparedDataset {
  dataset: Dataset;
  /** One line each: what was changed in the annotations. */
  warnings: string[];
}

/**
 * Joins annotations and video files to a dataset: finds each video's file, measures it, and mends the annotations. Missing and unreadable
 * videos stay in with their `problem`; splits stay as they are.
 * @throws UsageError when the annotation file or the folder is wrong.
 */
export async function prepareDataset(
  request: PrepareRequest,
  onProgress?: (done: number, total: number) => void,
): Promise<PreparedDataset> {
  const annotated = readAnnotations(request.format, request.annotations);
  const folder = new VideoFolder(request.videos);
  const files = annotated.map(({ id }) => folder.find(id));
  // Without ffmpeg nothing can be said of any video.
  findFfmpeg();
  let done = 0;
  const queue = new PQueue({ concurrency: 2 });
  const measured = await Promise.all(
    annotated.map((video, i) =>
      queue.add(async () => {
        const result = await measure(video, files[i]!);
        onProgress?.(++done, annotated.length);
        return result;
      }),
    ),
  );
  const warnings: string[] = [];
  const videos = measured.map((video, i) => {
    const mended = mendInstances(video, annotated[i]!.duration);
    warnings.push(...mended.warnings);
    return { ...video, instances: mended.instances };
  });
  return { dataset: toDataset(videos), warnings };
}

async function measure(annotated: AnnotatedVideo, { file, exists }: { file: string; exists: boolean }): Promise<Video> {
  const { id, subset, instances } = annotated;
  const unmeasured = { duration: annotated.duration ?? 0, fps: 0, frames: 0, width: 0, height: 0 };
  const unusable = (problem: string) => ({ id, subset, path: file, ...unmeasured, instances, problem });
  if (!exists) return unusable('missing: no such video file');
  try {
    return { id, subset, path: file, ...(await probe(file)), instances };
  } catch (error) {
    if (!(error instanceof WorkError)) throw error;
    // The path is beside it already, in a form that survives a move of the folder.
    return unusable(error.message.replaceAll(file, path.basename(file)));
  }
}

/** Drops instances without length, clips those that begin before the video or end after it, and says so. */
export function mendInstances(
  video: Pick<Video, 'id' | 'duration' | 'instances'>,
  annotatedDuration?: number,
): { instances: Instance[]; warnings: string[] } {
  const warnings: string[] = [];
  const { id, duration } = video;
  if (annotatedDuration !== undefined && Math.abs(duration - annotatedDuration) > 1) {
    warnings.push(`${id}: the file has ${format(duration)} s, its annotation says ${format(annotatedDuration)} s`);
  }
  // A missing video may have no known duration: nothing is beyond it.
  const limit = duration > 0 ? duration : Infinity;
  const instances = video.instances.flatMap((instance) => {
    const { start, end, label } = instance;
    const clipped = { start: Math.max(0, start), end: Math.min(end, limit), label };
    const name = `${id}: "${label}" [${format(start)}, ${format(end)}] s`;
    if (clipped.end <= clipped.start) {
      warnings.push(
        `${name} dropped: ${end <= start ? 'its end is not after its start' : 'it lies outside the video'}`,
      );
      return [];
    }
    // Annotations are rounded: a few hundredths of a second are no news.
    if (end - clipped.end > 0.05 || clipped.start - start > 0.05) {
      warnings.push(`${name} clipped to the video's ${format(duration)} s`);
    }
    return [clipped];
  });
  return { instances, warnings };
}

function format(seconds: number): string {
  return String(Math.round(seconds * 1000) / 1000);
}
