import { statSync, type Stats } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import PQueue from 'p-queue';
import type { Video } from '../../data/dataset.js';
import { leftOut, videosInFolder } from '../../data/folder-videos.js';
import type { DetectedVideo, Failure } from '../../evaluation/detected-video.js';
import { UsageError, WorkError } from '../../system/errors.js';
import { startProgress } from '../../system/progress.js';
import { say } from '../../system/say.js';
import { probe } from '../../video/probe.js';
import { detectedVideo } from './detected.js';
import { detectVideo } from './detect-video.js';
import { snippetsAtOnce } from '../encoder/full-fidelity.js';
import type { TrainedModel } from './trained-model.js';

/** A video file; its id is its name without the extension. */
interface VideoFile {
  id: string;
  path: string;
  bytes: number;
}

/**
 * Finds actions in video files, several files at a time, and yields the results in the order of the files. For a file
 * that cannot be read it yields a {@link Failure} and goes on. A progress bar on stderr counts the bytes of the files.
 *
 * @param paths - Video files, and folders whose video files are all used; what else is in a folder is told on stderr.
 * @throws UsageError before the first video, when a path does not exist or two files have the same id.
 */
export async function* detectFiles(
  model: TrainedModel,
  paths: readonly string[],
): AsyncGenerator<DetectedVideo | Failure> {
  const files = await listVideos(paths);
  const progress = startProgress('detect, %', 100);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const done = new Map<string, number>();
  const queue = new PQueue({ concurrency: videosAtOnce(model) });
  const stopped = new AbortController();

  async function detectFile({ id, path: file, bytes }: VideoFile): Promise<DetectedVideo | Failure> {
    const tell = (part: number) => {
      done.set(id, part * bytes);
      const sum = [...done.values()].reduce((a, b) => a + b, 0);
      progress.step(Math.floor((1000 * sum) / total) / 10, id);
    };
    try {
      const video = await probeVideo(id, file);
      const detections = [];
      for await (const found of detectVideo(model, video)) {
        stopped.signal.throwIfAborted();
        detections.push(...found.detections);
        tell(found.done);
      }
      return detectedVideo(
        video,
        detections.sort((a, b) => b.score - a.score),
      );
    } catch (error) {
      if (!(error instanceof WorkError)) throw error;
      tell(1);
      return { id, reason: error.message };
    }
  }

  try {
    const found = files.map((file) => queue.add(() => detectFile(file)));
    // Other errors are thrown when their video's turn comes; until then they must not count as unhandled.
    for (const one of found) one.catch(() => undefined);
    for (const one of found) yield await one;
  } finally {
    stopped.abort();
    queue.clear();
    progress.stop();
  }
}

/** Measures a video file (duration, frames, size). Throws {@link WorkError} when it cannot be read. */
export async function probeVideo(id: string, file: string): Promise<Video> {
  return { id, subset: 'detect', path: path.resolve(file), instances: [], ...(await probe(file)) };
}

/** The video files in the order given, those of a folder sorted by name. */
async function listVideos(paths: readonly string[]): Promise<VideoFile[]> {
  const files: string[] = [];
  for (const name of paths) {
    const found = statOf(name);
    if (!found) throw new UsageError(`video not found: ${name}`);
    files.push(...(found.isDirectory() ? await videosIn(name) : [name]));
  }
  const byId = new Map<string, string>();
  return files.map((file) => {
    const id = path.parse(file).name;
    // Composed and decomposed letters look the same, and some file systems take them for the same.
    const key = id.normalize('NFC');
    const other = byId.get(key);
    if (other !== undefined)
      throw new UsageError(
        `two videos have the name ${id}, by which results are stored: ${other} and ${file}: rename one`,
      );
    byId.set(key, file);
    return { id, path: file, bytes: Math.max(1, statOf(file)?.size ?? 0) };
  });
}

/** What the file system says of a file; undefined where it cannot be reached, as at the end of a dangling link. */
function statOf(file: string): Stats | undefined {
  try {
    return statSync(file);
  } catch {
    return undefined;
  }
}

async function videosIn(folder: string): Promise<string[]> {
  const found = await videosInFolder(folder, false);
  if (found.videos.length === 0) throw new UsageError(`no video file in ${folder}`);
  leftOut(folder, found).forEach(say);
  return found.videos.map((name) => path.join(folder, name));
}

/**
 * The number of videos processed at a time: at most one for each decoder process, and as many as `data.memoryGiB` has
 * room for, since parts of each video are being decoded, wait and are being encoded.
 */
function videosAtOnce({ config }: TrainedModel): number {
  const { data, encoder, full } = config;
  const part = snippetsAtOnce(config) * encoder.frames * full.size ** 2 * 3;
  const room = Math.floor((data.memoryGiB * 2 ** 30) / (part * (data.prefetch + 2)));
  return Math.max(1, Math.min(data.processes ?? availableParallelism(), room));
}
