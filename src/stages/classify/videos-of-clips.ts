import type { MeasuredClip } from '../../data/measured-clips.js';
import { UsageError } from '../../system/errors.js';
import { printable } from '../../system/printable.js';

/** A file, and the clips that are listed of it or cut from it. */
export interface VideoOfClips {
  /** The classes of all its clips. */
  labels: number[];
  stretches: Stretch[];
}

/** A stretch of a video that was labelled, once or with several classes. */
interface Stretch {
  clip: MeasuredClip;
  labels: number[];
  /** How many samples of it are classified. */
  samples: number;
}

/**
 * Groups clips by the file that they are of, in their order. A stretch that is listed several times has several labels.
 *
 * @param classes - The names of the classes, in the order of their numbers.
 * @param samples - Samples of a video. Its stretches have equal shares of them, rounded up, so that each is seen.
 * @throws UsageError for a label that is no class.
 */
export function videosOfClips(
  clips: readonly MeasuredClip[],
  classes: readonly string[],
  samples: number,
): VideoOfClips[] {
  refuseOtherLabels(clips, classes);
  const videos = new Map<string, Map<string, Stretch>>();
  for (const clip of clips) {
    const { path: file, label, frames } = clip;
    const stretches = videos.get(file) ?? new Map<string, Stretch>();
    videos.set(file, stretches);
    const place = `${frames.from} ${frames.count}`;
    const stretch = stretches.get(place) ?? { clip, labels: [], samples: 0 };
    stretches.set(place, { ...stretch, labels: union(stretch.labels, [classes.indexOf(label)]) });
  }
  return [...videos.values()].map((byPlace) => {
    const stretches = [...byPlace.values()];
    const share = Math.ceil(samples / stretches.length);
    return {
      labels: union(...stretches.map(({ labels }) => labels)),
      stretches: stretches.map((stretch) => ({ ...stretch, samples: share })),
    };
  });
}

function refuseOtherLabels(clips: readonly MeasuredClip[], classes: readonly string[]): void {
  const known = new Set(classes);
  const others = clips.filter(({ label }) => !known.has(label));
  if (others.length === 0) return;
  const names = [...new Set(others.map(({ label }) => `"${printable(label, 40)}"`))];
  throw new UsageError(
    `${others.length} of ${clips.length} clips have a label that the run does not know: ` +
      `${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}; data.labels maps labels to classes`,
  );
}

const union = (...lists: number[][]): number[] => [...new Set(lists.flat())];
