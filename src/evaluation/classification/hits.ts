/** Something that was classified: a score for each class, and the numbers of the classes that it really belongs to. */
export interface Classified {
  scores: ArrayLike<number>;
  labels: readonly number[];
}

/** A video, and those of its clips that were classified. */
export interface ClassifiedVideo {
  labels: readonly number[];
  clips: readonly Classified[];
}

/** Fractions of clips or videos that have a true label among the best 1, the best 3 and the best 5 classes. */
export interface HitRates {
  hit1: number;
  hit3: number;
  hit5: number;
}

/** How good a classifier of clips is (docs/method.md §15.4). */
export interface ClassifierScores {
  clip: HitRates;
  video: HitRates;
  /** Videos by true class (rows) and by the class that they were taken for (columns), see {@link confusionMatrix}. */
  confusion: number[][];
}

/**
 * Hit@k (Karpathy et al., CVPR 2014): the fraction of items of which at least one true label is among the k best
 * classes. A class that is no true label and has the same score as a true one counts as better, so that a model that
 * scores all classes alike hits nothing; so does a score that is no number.
 *
 * @returns A fraction; NaN of no items.
 */
export function hitRate(items: readonly Classified[], k: number): number {
  const hit = ({ scores, labels }: Classified) => {
    const others = Array.from(scores).filter((_, label) => !labels.includes(label));
    // Negated, so that NaN on either side counts against the label.
    const better = (label: number) => others.filter((score) => !(score < scores[label]!)).length;
    return labels.some((label) => better(label) < k);
  };
  return items.filter(hit).length / items.length;
}

/**
 * Counts items by true class (rows) and by the class with the best score (columns). Each item counts once. Of several
 * true labels its row is the one with the best score, and the first of equal ones. Ties go against the item as in
 * {@link hitRate}, so that the diagonal's share of the whole is Hit@1.
 *
 * @param classes - Number of classes.
 * @returns `[classes][classes]` counts.
 */
export function confusionMatrix(items: readonly Classified[], classes: number): number[][] {
  const matrix = Array.from({ length: classes }, () => Array<number>(classes).fill(0));
  for (const { scores, labels } of items) {
    const value = (label: number) => (Number.isNaN(scores[label]) ? -Infinity : scores[label]!);
    const best = (candidates: readonly number[]) =>
      candidates.reduce((first, label) => (value(label) > value(first) ? label : first));
    const truth = best(labels);
    const others = Array.from({ length: classes }, (_, label) => label).filter((label) => !labels.includes(label));
    const taken = others.some((label) => !(scores[label]! < scores[truth]!)) ? best(others) : truth;
    matrix[truth]![taken]!++;
  }
  return matrix;
}

/**
 * Hit@1, Hit@3 and Hit@5 of all clips, and of videos, whose scores are the mean of the scores of their clips; and what
 * videos were taken for.
 *
 * @param classes - Number of classes.
 */
export function classifierScores(videos: readonly ClassifiedVideo[], classes: number): ClassifierScores {
  const clips = videos.flatMap((video) => video.clips);
  const whole = videos.map(({ labels, clips: own }) => ({
    labels,
    scores: meanScores(own.map(({ scores }) => scores)),
  }));
  const rates = (items: readonly Classified[]) => ({
    hit1: hitRate(items, 1),
    hit3: hitRate(items, 3),
    hit5: hitRate(items, 5),
  });
  return { clip: rates(clips), video: rates(whole), confusion: confusionMatrix(whole, classes) };
}

/** The mean of one or more rows of scores. */
export function meanScores(rows: readonly ArrayLike<number>[]): Float64Array {
  const sum = new Float64Array(rows[0]!.length);
  for (const row of rows) for (let i = 0; i < sum.length; i++) sum[i]! += row[i]!;
  return sum.map((value) => value / rows.length);
}

/** The softmax of logits: chances of the classes, which sum to 1. */
export function softmax(logits: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(logits);
  const largest = values.reduce((most, value) => Math.max(most, value), -Infinity);
  const powers = values.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
