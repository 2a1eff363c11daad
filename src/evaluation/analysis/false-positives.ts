import { mean, normalizedAp, type Judged } from './judged.js';
import { BACKGROUND_TIOU, bestOverlaps, instancesByVideo, outcomeOf } from './outcomes.js';
import { outcomes, type ErrorType, type FalsePositives, type Outcome } from './analysis-types.js';

/** The best detections of a class that are considered, as a multiple of G, its number of instances. */
const LIMIT = 10;

/** DETAD's false positive profile, and the cost of each type of error. */
export function falsePositives(judged: Judged): FalsePositives {
  const { aligned, classes, tiou } = judged;
  const byVideo = instancesByVideo(judged);
  /** Outcomes, `[class][threshold][rank]`. */
  const results = classes.map((one) => {
    const count = Math.min(LIMIT * one.positives, one.ranked.length);
    const best = bestOverlaps(judged, byVideo, one, count);
    return tiou.map((threshold, t) =>
      best.map((overlap, rank) =>
        outcomeOf(
          one.claims[t]![rank]! >= 0,
          overlap,
          aligned.instances.label[overlap.instance] === one.label,
          threshold,
        ),
      ),
    );
  });

  const byTiou = tiou.map((_, t) => countOutcomes(results.flatMap((thresholds) => thresholds[t]!)));
  const profile = Array.from({ length: LIMIT }, (_, g) => {
    const slices = tiou.map((_, t) =>
      results.flatMap((thresholds, k) => {
        const { positives } = classes[k]!;
        return thresholds[t]!.slice(g * positives, (g + 1) * positives);
      }),
    );
    const detections = slices[0]!.length;
    const counts = slices.map(countOutcomes);
    const share = (outcome: Outcome) => (detections === 0 ? 0 : mean(counts.map((c) => c[outcome])) / detections);
    return { multiple: g + 1, detections, share: each(outcomes, share) };
  });

  const apWithout = (error?: ErrorType) =>
    mean(
      classes.map(({ claims, positives }, k) =>
        mean(
          tiou.map((_, t) => {
            const kept = claims[t]!.filter((_, rank) => {
              const outcome = results[k]![t]![rank];
              return outcome !== undefined && outcome !== error;
            });
            return normalizedAp(judged, kept, positives);
          }),
        ),
      ),
    );
  const base = apWithout();
  const errors = outcomes.filter((outcome) => outcome !== 'true_positive');
  return {
    limit: LIMIT,
    background_tiou: BACKGROUND_TIOU,
    by_tiou: byTiou,
    profile,
    average_mAP_N: base,
    gain: each(errors, (error) => apWithout(error) - base),
  };
}

function countOutcomes(list: readonly Outcome[]): Record<Outcome, number> {
  const counts = each(outcomes, () => 0);
  for (const outcome of list) counts[outcome]++;
  return counts;
}

function each<K extends string>(keys: readonly K[], value: (key: K) => number): Record<K, number> {
  return Object.fromEntries(keys.map((key) => [key, value(key)])) as Record<K, number>;
}
