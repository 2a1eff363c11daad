import { secondsAt, type Clock } from '../../../video/clock.js';
import type { Instance } from '../../dataset.js';
import type { UnlabelledStretch } from '../../unlabelled-stretches.js';
import type { AnnotatedVideo, Warning } from '../annotations.js';

/** What an annotation file says of a video, in seconds of its clock. */
export interface OnTheClock {
  instances: Instance[];
  unlabelled: UnlabelledStretch[];
  warnings: Warning[];
}

/** Brings what was annotated by numbers of frames to the seconds at which these frames are shown. */
export function onTheClock({ instances, unlabelled = [], inFrames }: AnnotatedVideo, clock: Clock): OnTheClock {
  if (!inFrames) return { instances, unlabelled, warnings: [] };
  const at = (place: number) => secondsAt(clock, place);
  const { rows } = inFrames;
  const differs = rows !== undefined && Math.abs(rows - clock.frames) > 1;
  const text = `the annotation has ${rows!} frames, the video ${clock.frames}`;
  return {
    instances: [
      ...instances,
      ...inFrames.instances.map(({ start, end, label }) => ({ start: at(start), end: at(end), label })),
    ],
    unlabelled: [...unlabelled, ...inFrames.unlabelled.map(([start, end]): UnlabelledStretch => [at(start), at(end)])],
    warnings: differs ? [{ kind: 'videos of another length', text }] : [],
  };
}

/** What is known in seconds of a video that could not be measured: numbers of frames mean nothing without its rate. */
export function withoutClock({ instances, unlabelled = [], inFrames }: AnnotatedVideo): OnTheClock {
  const count = inFrames?.instances.length ?? 0;
  const text = `${count} instances are left out: they count frames, and the rate of the video is not known`;
  return { instances, unlabelled, warnings: count > 0 ? [{ kind: 'instances by frames', text }] : [] };
}
