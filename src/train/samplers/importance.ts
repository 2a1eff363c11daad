import type { Random } from '../../engine/random.js';

/*
 * The mathematics of biased importance sampling (Katharopoulos & Fleuret 2017, arXiv 1706.00043; docs/method.md §13).
 * A score is a loss, or what predicts it: above 0.
 */

/**
 * Draws places of a list with replacement, each with a chance proportional to its score.
 *
 * @returns `count` numbers below the length of `scores`.
 */
export function drawByScore(scores: readonly number[], count: number, random: Random): number[] {
  let sum = 0;
  const until = scores.map((score) => (sum += score));
  return Array.from({ length: count }, () => placeOf(random.uniform() * sum, until));
}

/** The first place whose running sum exceeds `value`. */
function placeOf(value: number, until: readonly number[]): number {
  let [low, high] = [0, until.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (until[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The weights on the losses of a batch, which make up for how it was chosen: ŵᵢ = wᵢᵏ·(Σ wⱼsⱼ)/(Σ wⱼᵏsⱼ) with wᵢ = mean
 * score/sᵢ. For k = 1 the expected gradient is that of the mean loss; for less, that of a mean that high losses
 * dominate. The sum of ŵᵢsᵢ is the same for every k, so that k does not change how far a step goes.
 *
 * @param scores - The scores of the batch's items.
 * @param mean - The mean score of the candidates.
 * @param k - At most 1.
 * @example
 * importanceWeights([2, 4, 4, 0.5], 7.75 / 6, 1); // [0.646, 0.323, 0.323, 2.583]
 */
export function importanceWeights(scores: readonly number[], mean: number, k: number): number[] {
  const unbiased = scores.map((score) => mean / score);
  const biased = unbiased.map((weight) => weight ** k);
  const total = (weights: readonly number[]) => weights.reduce((sum, weight, i) => sum + weight * scores[i]!, 0);
  const scale = total(unbiased) / total(biased);
  return biased.map((weight) => weight * scale);
}

/**
 * The gain of sampling by these scores, τ = 1/√(1 - Σ(p - u)²/Σp²), where p are the chances and u is 1/n
 * (Katharopoulos & Fleuret 2018, arXiv 1803.00942): by this factor a uniform batch would have to be larger for
 * gradients that vary as little. 1: nothing is gained.
 */
export function samplingGain(scores: readonly number[]): number {
  const sum = scores.reduce((total, score) => total + score, 0);
  const squares = scores.reduce((total, score) => total + (score / sum) ** 2, 0);
  return Math.sqrt(scores.length * squares);
}

/**
 * The gain beyond which sampling pays where `scored` candidates go through the model for a batch of `batch` items,
 * (B + 3b)/(3b): a step forward and backward takes three times a pass forward.
 */
export function gainThreshold(scored: number, batch: number): number {
  return (scored + 3 * batch) / (3 * batch);
}
