import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { WorkError } from '../system/errors.js';
import { fileContent, type FileContent } from '../system/files/file-content.js';
import { writeFileAtomic } from '../system/files/files.js';
import { inParallel } from '../system/parallel.js';
import { frameOf } from '../video/clock.js';
import { probe, type VideoInfo } from '../video/probe.js';
import type { Clip } from './clips.js';
import { measurementsSchema, type Instance, type Video } from './dataset.js';
import type { Sampled } from './views/sampling.js';

/** A clip, its range of frames within its file, and the measured properties of that file. */
export interface MeasuredClip extends Clip {
  /** Number of the first frame, and how many frames there are. */
  frames: { from: number; count: number };
  file: Sampled & Pick<VideoInfo, 'width' | 'height' | 'seek' | 'stream' | 'damage' | 'drift'>;
  /** The content of the file; empty where nobody has read it. */
  sha256: string;
}

/** The instances of untrimmed videos as clips, which stage 1 trains on where there are no trimmed clips. */
export function instancesAsClips(videos: readonly Video[], subset: string): MeasuredClip[] {
  return videos.flatMap((video) => video.instances.map((instance) => clipOf(video, instance, subset)));
}

/** A stretch of an untrimmed video as a clip. */
export function clipOf(video: Video, { start, end, label }: Instance, subset: string): MeasuredClip {
  const [first, last] = [frameOf(video, start), frameOf(video, end)];
  const from = Math.min(Math.max(0, first), video.frames - 1);
  const count = Math.max(1, Math.min(last, video.frames) - from);
  return {
    path: video.path,
    label,
    subset,
    frames: { from, count },
    file: video,
    sha256: video.file?.sha256 ?? '',
  };
}

/** The usable clips, and the reasons why others are not. */
export interface MeasuredClips {
  clips: MeasuredClip[];
  unusable: { path: string; reason: string }[];
}

/** The measurements of clips' files, by their paths relative to the memo. */
const entries = z.record(
  z.string(),
  measurementsSchema.extend({ bytes: z.int(), modified: z.number(), sha256: z.string() }),
);
const memoSchema = z.object({ version: z.literal(2), files: entries });
type Measured = z.output<typeof entries>;

/**
 * Measures clips by decoding their files. Results are kept in the file `memo`, so that a second call is quick.
 *
 * @param onProgress - Called with the number of files measured and the number to measure.
 */
export async function measureClips(
  clips: readonly Clip[],
  memo: string,
  onProgress?: (done: number, total: number) => void,
): Promise<MeasuredClips> {
  const folder = path.dirname(path.resolve(memo));
  const known = readMemo(memo);
  const unusable: MeasuredClips['unusable'] = [];
  const contents = new Map<string, FileContent>();
  const entry = (file: string) => {
    const found = known[path.relative(folder, file)];
    return found?.sha256 === contents.get(file)?.sha256 ? found : undefined;
  };
  const files = [...new Set(clips.map(({ path: file }) => file))];
  let measuredAnew = 0;
  await inParallel(
    files,
    async (file) => {
      const name = path.relative(folder, file);
      try {
        const content = await fileContent(file, known[name]);
        if (content) contents.set(file, content);
        const found = entry(file);
        if (content && found) {
          if (found.modified !== content.modified) measuredAnew++;
          known[name] = { ...found, ...content };
          return;
        }
        const info = await probe(file);
        if (!content) throw new WorkError(`not a readable video: ${file}: it is no regular file`);
        known[name] = { ...measurementsSchema.parse(info), ...content };
        measuredAnew++;
      } catch (error) {
        if (!(error instanceof WorkError)) throw error;
        contents.delete(file);
        unusable.push({ path: file, reason: error.message });
      }
    },
    onProgress,
  );
  if (measuredAnew > 0) writeFileAtomic(memo, JSON.stringify({ version: 2, files: known }, null, 1));
  unusable.sort((a, b) => (a.path < b.path ? -1 : 1));
  return {
    clips: clips.flatMap((clip) => {
      const file = contents.has(clip.path) ? entry(clip.path) : undefined;
      return file ? [{ ...clip, frames: { from: 0, count: file.frames }, file, sha256: file.sha256 }] : [];
    }),
    unusable,
  };
}

/** Reads the memo; one that cannot be parsed counts as empty and is written anew. */
function readMemo(file: string): Measured {
  if (!existsSync(file)) return {};
  try {
    return memoSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).files;
  } catch {
    return {};
  }
}

/** A clip's name in random streams: its place in the dataset, not on this machine. */
export function clipName({ path: file, label, frames }: MeasuredClip): string {
  return `${label}/${path.basename(file)}${frames.from > 0 ? `@${frames.from}` : ''}`;
}
