import type { AnnotatedVideo } from './annotations.js';

/** Adds a further entry of a video to its first one, and returns that. */
export function joinVideos(first: AnnotatedVideo, again: AnnotatedVideo): AnnotatedVideo {
  // In a table every instance adds its video once more: copying the list each time would take quadratic time.
  first.instances.push(...again.instances);
  if (again.fileName !== undefined) first.fileName ??= again.fileName;
  if (again.duration !== undefined) first.duration ??= again.duration;
  if (again.unlabelled) (first.unlabelled ??= []).push(...again.unlabelled);
  if (again.inFrames && first.inFrames) {
    first.inFrames.instances.push(...again.inFrames.instances);
    first.inFrames.unlabelled.push(...again.inFrames.unlabelled);
  } else if (again.inFrames) first.inFrames = again.inFrames;
  first.warnings.push(...again.warnings.filter(({ text }) => !first.warnings.some((known) => known.text === text)));
  if (again.subset === first.subset) return first;
  const [here, there] = [JSON.stringify(first.subset), JSON.stringify(again.subset)];
  const text = `is in ${here} and in ${there}: it stays in ${here}, with the instances of both`;
  if (!first.warnings.some((warning) => warning.text === text)) {
    first.warnings.push({ kind: 'videos in several subsets', text });
  }
  return first;
}
