import type { Judged } from './judged.js';
import { bestOverlaps, instancesByVideo } from './outcomes.js';
import type { LabelConfusion } from './analysis-types.js';

/**
 * Counts which labels the G best detections of each class are taken for, at the lowest threshold. G is the
 * number of instances of the class.
 */
export function labelConfusion(judged: Judged): LabelConfusion {
  const { aligned, classes, tiou } = judged;
  const { labels, instances } = aligned;
  const lowest = Math.min(...tiou);
  const t = tiou.indexOf(lowest);
  const byVideo = instancesByVideo(judged);
  const detections = labels.map(() => labels.map(() => 0));
  const background = labels.map(() => 0);
  const missed = classes.map(({ positives }) => positives);
  for (const one of classes) {
    bestOverlaps(judged, byVideo, one, one.positives).forEach((best, rank) => {
      const claimed = one.claims[t]![rank]!;
      if (claimed >= 0) missed[one.label]!--;
      const instance = claimed >= 0 ? claimed : best.tiou >= lowest ? best.instance : -1;
      if (instance < 0) background[one.label]!++;
      else detections[instances.label[instance]!]![one.label]!++;
    });
  }
  return { tiou: lowest, labels, detections, background, missed };
}
