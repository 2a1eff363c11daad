import type { Random } from '../../../engine/random.js';
import type { FeatureRows } from '../aggregator.js';
import { nearestWords, type Nearest } from './nearest-words.js';

/** K centres, and the one that each row belongs to. */
export interface Clusters extends Nearest {
  /** `[K, D]`. */
  readonly centres: Float64Array;
}

const mostIterations = 100;

/**
 * Lloyd's k-means, started by k-means++ (Arthur and Vassilvitskii, 2007): until no row changes its centre, at most 100
 * times. A centre that loses all its rows moves to the row that is farthest from its own. The same rows and the same
 * state of `random` give the same bits.
 *
 * Where there are fewer different rows than centres, every different row has a centre, and the remaining centres stand
 * on some of the same places. They have no rows, because of equal centres the first counts.
 *
 * @param rows - N ≥ 1 rows of D channels.
 * @param count - K.
 * @throws Error if there are no rows.
 */
export function kMeans(rows: FeatureRows, count: number, random: Random): Clusters {
  if (rows.count === 0) throw new Error('k-means needs at least one row');
  let centres = spreadCentres(rows, count, random);
  let nearest = nearestWords(rows, centres);
  for (let iteration = 0; iteration < mostIterations; iteration++) {
    centres = meansOf(rows, centres, nearest);
    const next = nearestWords(rows, centres);
    const settled = next.words.every((word, n) => word === nearest.words[n]);
    nearest = next;
    if (settled) break;
  }
  return { centres, ...nearest };
}

/** k-means++: each centre is a row, drawn in proportion to its squared distance from the centres before it. */
function spreadCentres(rows: FeatureRows, count: number, random: Random): Float64Array {
  const { data, channels } = rows;
  const centres = new Float64Array(count * channels);
  const distances = new Float64Array(rows.count).fill(Infinity);
  let row = random.below(rows.count);
  for (let k = 0; k < count; k++) {
    const centre = data.subarray(row * channels, (row + 1) * channels);
    centres.set(centre, k * channels);
    for (let n = 0; n < rows.count; n++) {
      let sum = 0;
      for (let d = 0, i = n * channels; d < channels; d++, i++) {
        const difference = data[i]! - centre[d]!;
        sum += difference * difference;
      }
      if (sum < distances[n]!) distances[n] = sum;
    }
    row = drawByWeight(distances, random);
  }
  return centres;
}

/** An index, drawn in proportion to the weights; any where all are 0. */
function drawByWeight(weights: Float64Array, random: Random): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return random.below(weights.length);
  let left = random.uniform() * total;
  let last = 0;
  for (let n = 0; n < weights.length; n++) {
    if (weights[n] === 0) continue;
    last = n;
    left -= weights[n]!;
    if (left < 0) break;
  }
  return last; // Where rounding leaves a rest, the last that has a weight.
}

/** The mean of each centre's rows; an empty one takes the row farthest from its centre, if one is off its centre. */
function meansOf({ data, channels }: FeatureRows, centres: Float64Array, { words, distances }: Nearest): Float64Array {
  const means = new Float64Array(centres.length);
  const counts = new Uint32Array(centres.length / channels);
  words.forEach((k, n) => {
    counts[k]!++;
    for (let d = 0, i = n * channels, j = k * channels; d < channels; d++, i++, j++) means[j]! += data[i]!;
  });
  const left = distances.slice();
  counts.forEach((count, k) => {
    const from = k * channels;
    if (count > 0) {
      for (let j = from; j < from + channels; j++) means[j]! /= count;
      return;
    }
    const row = farthest(left);
    const place =
      left[row]! > 0 ? data.subarray(row * channels, (row + 1) * channels) : centres.subarray(from, from + channels);
    means.set(place, from);
    left[row] = 0;
  });
  return means;
}

function farthest(distances: Float64Array): number {
  let at = 0;
  for (let n = 1; n < distances.length; n++) if (distances[n]! > distances[at]!) at = n;
  return at;
}
