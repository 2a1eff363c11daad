import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classWise } from '../../../src/evaluation/suppression/class-wise.js';
import { temporalIou } from '../../../src/evaluation/segments.js';
import { assertClose } from '../../support/numeric.js';

const options = { sigma: 0.5, keep: 100, minScore: 0, voting: null };
const long = { start: 0, end: 10, score: 0.9, label: 1 };
const same = { start: 1, end: 10, score: 0.8, label: 1 };
const other = { start: 0, end: 10, score: 0.7, label: 2 };

describe('classWise', () => {
  it('lets proposals decay by better ones of their own label only, and drops none for being the last', () => {
    const kept = classWise([same, other, long], options);
    const decay = Math.exp(-(temporalIou(0, 10, 1, 10) ** 2) / 0.5);
    assert.deepEqual(
      kept.map(({ label, start }) => [label, start]),
      [
        [1, 0],
        [2, 0],
        [1, 1],
      ],
    );
    assertClose(
      kept.map(({ score }) => score),
      [0.9, 0.7, 0.8 * decay],
      1e-12,
    );
    assert.deepEqual(classWise([long], options), [long]);
    assert.deepEqual(classWise([], options), []);
  });

  it('without labels thins all together', () => {
    const kept = classWise(
      [long, other].map((proposal) => ({ ...proposal, label: null })),
      options,
    );
    assertClose(
      kept.map(({ score }) => score),
      [0.9, 0.7 * Math.exp(-2)],
      1e-12,
    );
  });

  it('keeps so many of all labels, and none below the least score', () => {
    assert.deepEqual(classWise([same, other, long], { ...options, keep: 2 }), [long, other]);
    assert.deepEqual(classWise([same, other, long], { ...options, minScore: 0.71 }), [long]);
  });

  it('moves ends by the votes of the same label', () => {
    const [best, second] = classWise([same, other, long], { ...options, voting: 0.75 });
    // Weights 0.9 × 1 and 0.8 × 0.9.
    assertClose([best!.start, best!.end, best!.score], [0.72 / 1.62, 10, 0.9], 1e-12);
    assert.deepEqual(second, other);
  });
});
