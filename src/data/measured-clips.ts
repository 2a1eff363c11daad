import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { WorkError } from '../system/errors.js';
import { writeFileAtomic } from '../system/files.js';
import { inParallel } from '../system/parallel.js';
import { probe, type VideoInfo } from '../video/probe.js';
import type { Clip } from './clips.js';
import type { Video } from './dataset.js';

/** A clip, its range of frames within its file, and the measured properties of that file. */
export interface MeasuredClip extends Clip {
  /** Number of the first frame, and how many frames there are. */
  frames: { from: number; count: number };
  file: Pick<VideoInfo, 'width' | 'height' | 'fps' | 'seek'>;
}

/** The instances of untrimmed videos as clips, which stage 1 trains on where there are no trimmed clips. */
export function instancesAsClips(videos: readonly Video[], subset: string): MeasuredClip[] {
  return videos.flatMap((video) =>
    video.instances.map(({ start, end, label }) => {
      const from = Math.min(Math.round(start * video.fps), video.frames - 1);
      const count = Math.max(1, Math.min(Math.round(end * video.fps), video.frames) - from);
      return { path: video.path, label, subset, frames: { from, count }, file: video };
    }),
  );
}

/** The usable clips, and the reasons why others are not. */
export interface MeasuredClips {
  clips: MeasuredClip[];
  unusable: { path: string; reason: string }[];
}

const measured = z.record(
  z.string(),
  z.object({
    bytes: z.int(),
    width: z.int().positive(),
    height: z.int().positive(),
    frames: z.int().positive(),
    fps: z.number().positive(),
    seek: z.object({ start: z.number(), gap: z.int().positive() }).optional(),
  }),
);
type Measured = z.output<typeof measured>;

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
  const lengths = new Map(clips.map(({ path: file }) => [file, statSync(file, { throwIfNoEntry: false })?.size]));
  const entry = (file: string) => {
    const found = known[path.relative(folder, file)];
    return found?.bytes === lengths.get(file) ? found : undefined;
  };
  const todo = [...lengths.keys()].filter((file) => !entry(file));
  await inParallel(
    todo,
    async (file) => {
      try {
        const { width, height, frames, fps, seek } = await probe(file);
        const bytes = lengths.get(file) ?? 0;
        known[path.relative(folder, file)] = { bytes, width, height, frames, fps, ...(seek && { seek }) };
      } catch (error) {
        if (!(error instanceof WorkError)) throw error;
        unusable.push({ path: file, reason: error.message });
      }
    },
    onProgress,
  );
  if (todo.length > 0) writeFileAtomic(memo, JSON.stringify(known, null, 1));
  unusable.sort((a, b) => (a.path < b.path ? -1 : 1));
  return {
    clips: clips.flatMap((clip) => {
      const file = entry(clip.path);
      return file ? [{ ...clip, frames: { from: 0, count: file.frames }, file }] : [];
    }),
    unusable,
  };
}

/** Reads the memo; one that cannot be parsed counts as empty and is written anew. */
function readMemo(file: string): Measured {
  if (!existsSync(file)) return {};
  try {
    return measured.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return {};
  }
}
