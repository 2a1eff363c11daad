import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Input } from '../../checkpoints/run-store.js';
import type { Video } from '../../data/dataset.js';
import { clipName, type MeasuredClip } from '../../data/measured-clips.js';

/*
 * The data that a stage is made from, as {@link Input}s. Each is identified by the hash of its content, so a moved or
 * copied file is the same input, and a file that was changed in place is another.
 */

/** The annotations of videos: ids, durations and instances. */
export function instancesInput(videos: readonly Video[]): Input {
  const instances = videos.reduce((sum, video) => sum + video.instances.length, 0);
  return {
    sha256: hashOf(
      videos.map(({ id, duration, instances, times, unlabelled }) => [
        id,
        duration,
        instances.map(valuesOf),
        ...timesOf(times),
        ...(unlabelled ? [{ unlabelled }] : []),
      ]),
    ),
    says: `${plural(instances, 'instance')} in ${plural(videos.length, 'video')}`,
  };
}

/** The frames' own times decide where instances lie among the frames. */
const timesOf = (times: Video['times']) => (times ? [times] : []);

const valuesOf = ({ start, end, label }: Video['instances'][number]) => [start, end, label];

/** The contents of videos' files. */
export function videoFilesInput(videos: readonly Video[]): Input {
  const bytes = videos.reduce((sum, { file }) => sum + (file?.bytes ?? 0), 0);
  return {
    sha256: hashOf(videos.map(({ id, file }) => [id, file?.sha256 ?? null])),
    says: `${plural(videos.length, 'file')} of ${bytes} bytes`,
  };
}

/** Trimmed clips: names, labels, frames and files. */
export function clipsInput(clips: readonly MeasuredClip[]): Input {
  return {
    sha256: hashOf(clips.map((clip) => [clipName(clip), clip.frames, clip.file.fps, clip.sha256])),
    says: `${plural(clips.length, 'clip')} of ${plural(new Set(clips.map(({ label }) => label)).size, 'label')}`,
  };
}

/** A file, with the shards that a model.json of TensorFlow.js names; null where the file does not exist. */
export function fileInput(file: string): Input | null {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return null;
  const hash = createHash('sha256');
  let bytes = 0;
  for (const one of [file, ...shardsOf(file)]) {
    const content = readFileSync(one);
    bytes += content.length;
    hash.update(content);
  }
  return { sha256: hash.digest('hex'), says: `${path.basename(file)} of ${bytes} bytes` };
}

function shardsOf(file: string): string[] {
  if (!file.endsWith('.json')) return [];
  const text = readFileSync(file, 'utf8');
  const names = [...text.matchAll(/"paths"\s*:\s*\[([^\]]*)\]/g)].flatMap(([, list]) => list!.match(/[^",\s]+/g) ?? []);
  const shards = names.map((name) => path.join(path.dirname(file), path.basename(name)));
  return shards.filter((shard) => statSync(shard, { throwIfNoEntry: false })?.isFile());
}

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

function hashOf(values: unknown): string {
  return createHash('sha256').update(JSON.stringify(values)).digest('hex');
}
