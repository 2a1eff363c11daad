import { UsageError } from '../../system/errors.js';
import { printable } from '../../system/printable.js';
import type { Instance, Video } from '../dataset.js';
import type { Warning } from './annotations.js';

/** A measured video, and its instances as they were annotated. */
interface Annotated {
  video: Pick<Video, 'id' | 'duration' | 'fps' | 'instances'>;
  annotated: readonly Instance[];
}

/** An annotated instance with the video that it does not fit. */
type Misfit = Instance & { video: Annotated['video'] };

/** Smallest share of instances that do not fit their videos which is worth a warning of its own. */
const large = 0.1;

/**
 * Looks at how many instances lie within their videos, of those whose duration is known. Where many do not, the times
 * are probably no seconds.
 *
 * @param file - The annotation file, for messages.
 * @returns A warning where a large share does not.
 * @throws UsageError when no instance at all is left.
 */
export function unusedInstances(file: string, videos: readonly Annotated[]): Warning[] {
  const timed = videos.filter(({ video }) => video.duration > 0);
  const given = timed.reduce((sum, { annotated }) => sum + annotated.length, 0);
  const kept = videos.reduce((sum, { video }) => sum + video.instances.length, 0);
  const misfits = timed.flatMap(({ video, annotated }) =>
    annotated.filter((instance) => !fits(instance, video)).map((instance): Misfit => ({ ...instance, video })),
  );
  if (given === 0 || misfits.length < large * given) return [];
  const [{ start, end, video }] = misfits as [Misfit];
  const name = printable(JSON.stringify(video.id), 60);
  const first = `the first: [${start}, ${end}] in ${name} of ${round(video.duration)} s`;
  const text = `${file}: ${misfits.length} of ${given} instances do not lie within their videos, ${first}${advice(misfits)}`;
  if (kept === 0) throw new UsageError(text);
  return [{ kind: 'shares of instances that are left out', text }];
}

function fits({ start, end }: Instance, { duration }: Misfit['video']): boolean {
  // An end somewhat behind that of the video is clipped.
  return end > start && start >= -1 && start < duration && end <= 1.1 * duration + 1;
}

/** What the times of instances seem to be, and what to do. */
function advice(misfits: readonly Misfit[]): string {
  const beyond = misfits.filter(({ start, end }) => end > start);
  if (beyond.length === 0) return ': an instance needs a start and a later end, in seconds';
  const whole = beyond.every(({ start, end }) => Number.isInteger(start) && Number.isInteger(end));
  const are = (perSecond: (video: Misfit['video']) => number) =>
    beyond.every(({ end, video }) => end <= 1.1 * (video.duration + 1) * perSecond(video));
  if (whole && beyond.some(({ video }) => video.fps === 0))
    return ': times are seconds, and these seem to be frame numbers or milliseconds';
  if (whole && are(({ fps }) => fps)) {
    const { fps } = beyond[0]!.video;
    return `: the times seem to be frame numbers: divide them by the frame rate (${round(fps)} in that video)`;
  }
  if (whole && are(() => 1000)) return ': the times seem to be milliseconds: divide them by 1000';
  return ': times are seconds from the start of the video';
}

const round = (value: number): number => Number(value.toFixed(3));
