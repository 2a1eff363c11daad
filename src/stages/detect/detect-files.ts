import { readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import PQueue from 'p-queue';
import type { Video } from '../../data/dataset.js';
import { stripVideoExtension } from '../../data/video-files.js';
import type { DetectedVideo, Failure } from '../../evaluation/detected-video.js';
import { UsageError, WorkError } from '../../system/errors.js';
import { startProgress } from '../../system/progress.js';
import { probe } from '../../video/probe.js';
import { detectVideo } from './detect-video.js';
import { snippetsAtOnce } from '../encoder/full-fidelity.js';
import type { TrainedModel } from './trained-model.js';

/** A video file under the stem of its name. */
interface VideoFile {
  id: string;
  path: string;
  bytes: number;
}

/**
 * Finds actions in video files, several at a time, and gives each as it is done; one that cannot be read is given as such and the others go on.
 * Progress, by bytes of the files, is told on stderr.
 *
 * @param paths Video files, and folders, of which all video files are taken.
 * @throws UsageError before anything is done, when one is missing, or two have the same stem.
 */
export async function* detectFiles(
  model: TrainedModel,
  paths: readonly string[],
): AsyncGenerator<DetectedVideo | Failure> {
  const files = listVideos(paths);
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
      return { id, file, duration: video.duration, detections: detections.sort((a, b) => b.score - a.score) };
    } catch (error) {
      if (!(error instanceof WorkError)) throw error;
      tell(1);
      return { id, reason: error.message };
    }
  }

  try {
    const found = files.map((file) => queue.add(() => detectFile(file)));
    // An error that is nobody's video is thrown at its turn, and until then must not count as unhandled.
    for (const one of found) one.catch(() => undefined);
    for (const one of found) yield await one;
  } finally {
    stopped.abort();
    queue.clear();
    progress.stop();
  }
}

/** A video file measured, as detection takes it. Throws {@link WorkError} when it cannot be read. */
export async function probeVideo(id: string, file: string): Promise<Video> {
  return { id, subset: 'detect', path: path.resolve(file), instances: [], ...(await probe(file)) };
}

/** Video files in the order given, those of a folder by name. */
function listVideos(paths: readonly string[]): VideoFile[] {
  const files = paths.flatMap((name) => {
    const found = statSync(name, { throwIfNoEntry: false });
    if (!found) throw new UsageError(`video not found: ${name}`);
    return found.isDirectory() ? videosIn(name) : [name];
  });
  const byId = new Map<string, string>();
  return files.map((file) => {
    const id = path.parse(file).name;
    const other = byId.get(id);
    if (other !== undefined)
      throw new UsageError(`two videos are called ${id}, which names their results: ${other} and ${file}: rename one`);
    byId.set(id, file);
    return { id, path: file, bytes: Math.max(1, statSync(file).size) };
  });
}

function videosIn(folder: string): string[] {
  const videos = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .filter((name) => stripVideoExtension(name) !== name)
    .sort();
  if (videos.length === 0) throw new UsageError(`no video file in ${folder}`);
  return videos.map((name) => path.join(folder, name));
}

/** As many as there are decoders for, and room for: of each video, parts are being decoded, wait and are encoded. */
function videosAtOnce({ config }: TrainedModel): number {
  const { data, encoder, full } = config;
  const part = snippetsAtOnce(config) * encoder.frames * full.size ** 2 * 3;
  const room = Math.floor((data.memoryGiB * 2 ** 30) / (part * (data.prefetch + 2)));
  return Math.max(1, Math.min(data.processes ?? availableParallelism(), room));
}
