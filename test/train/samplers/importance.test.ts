import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomStream } from '../../../src/engine/random.js';
import { drawByScore, gainThreshold, importanceWeights, samplingGain } from '../../../src/train/samplers/importance.js';
import { importanceGroup } from '../../../tools/fixtures/importance-group.js';
import golden from '../../fixtures/importance.json' with { type: 'json' };
import { assertClose } from '../../support/numeric.js';

const scores = [0.2, 0.5, 1, 2, 4, 0.05];
const mean = 7.75 / 6;

describe('weights of importance sampling', () => {
  it('are the golden ones for k of 1, 0.5, 0 and -1, as is the gain', () => {
    const comparisons = importanceGroup(golden.importance, golden)!;
    assert.equal(comparisons.length, 7);
    for (const { actual, expected } of comparisons) assertClose(actual, expected, 1e-9);
  });

  it('leave the sum of weighted scores as it is for every k', () => {
    const batch = [2, 4, 4, 0.5, 0.05];
    for (const k of [1, 0.5, 0, -1, -4]) {
      const weights = importanceWeights(batch, mean, k);
      const sum = weights.reduce((total, weight, i) => total + weight * batch[i]!, 0);
      assert.ok(Math.abs(sum - batch.length * mean) < 1e-9, `k ${k}: ${sum}`);
    }
  });

  it('are 1 for equal scores, whatever k is', () => {
    for (const k of [1, 0.5, 0, -1]) assertClose(importanceWeights([3, 3, 3], 3, k), [1, 1, 1], 1e-12);
  });

  it('with k of 1 are unbiased: over all items, by their chances, gradients have the plain mean', () => {
    const gradients = scores.map((_, i) => Math.sin(i + 1));
    const sum = scores.reduce((total, score) => total + score, 0);
    const expected = scores.reduce(
      (total, score, i) => total + (score / sum) * importanceWeights([score], mean, 1)[0]! * gradients[i]!,
      0,
    );
    const plain = gradients.reduce((total, gradient) => total + gradient, 0) / gradients.length;
    assert.ok(Math.abs(expected - plain) < 1e-12);
  });

  it('with k of 1 are unbiased over draws, within four standard errors', () => {
    const gradients = scores.map((_, i) => Math.sin(i + 1));
    const places = drawByScore(scores, 40_000, randomStream(5, 'unbiased'));
    const terms = places.map((place) => importanceWeights([scores[place]!], mean, 1)[0]! * gradients[place]!);
    const found = terms.reduce((total, term) => total + term, 0) / terms.length;
    const plain = gradients.reduce((total, gradient) => total + gradient, 0) / gradients.length;
    const variance = terms.reduce((total, term) => total + (term - found) ** 2, 0) / terms.length;
    assert.ok(Math.abs(found - plain) < 4 * Math.sqrt(variance / terms.length), `${found}, not ${plain}`);
  });
});

describe('draws by score', () => {
  it('come as often as the scores say (χ² of 5 degrees of freedom below its 99.9th percentile)', () => {
    const draws = 60_000;
    const counts = scores.map(() => 0);
    for (const place of drawByScore(scores, draws, randomStream(2, 'frequencies'))) counts[place]!++;
    const sum = scores.reduce((total, score) => total + score, 0);
    const chi = counts.reduce((total, count, i) => {
      const expected = (draws * scores[i]!) / sum;
      return total + (count - expected) ** 2 / expected;
    }, 0);
    assert.ok(chi < 20.5, `χ² ${chi}`);
  });

  it('never have an item without a chance, and are the same for the same stream', () => {
    const draw = () => drawByScore([0, 1, 0, 1, 0], 500, randomStream(1, 'zeros'));
    assert.deepEqual([...new Set(draw())].sort(), [1, 3]);
    assert.deepEqual(draw(), draw());
  });
});

describe('the gain of sampling', () => {
  it('is 1 for equal scores, and the root of their number where one item has all', () => {
    assert.equal(samplingGain([2, 2, 2, 2]), 1);
    assert.ok(Math.abs(samplingGain([1, 0, 0, 0]) - 2) < 1e-12);
  });

  it('pays beyond 2 where three batches are scored for one, and always where scores cost nothing', () => {
    assert.equal(gainThreshold(48, 16), 2);
    assert.equal(gainThreshold(0, 16), 1);
  });
});
