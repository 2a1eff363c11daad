import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomProposals } from '../../src/evaluation/random-proposals.js';
import type { GroundTruth } from '../../src/evaluation/types.js';
import { UsageError } from '../../src/system/errors.js';

const truth: GroundTruth = {
  database: {
    a: {
      subset: 'training',
      annotations: [
        { segment: [0, 2], label: 'short' },
        { segment: [4, 6], label: 'short' },
        { segment: [7, 9], label: 'short' },
        { segment: [10, 110], label: 'long' },
      ],
    },
    b: { subset: 'validation', duration: 50, annotations: [{ segment: [0, 1], label: 'never drawn' }] },
    c: { subset: 'validation', duration: 300, annotations: [] },
  },
};
const subsets = { trainSubset: 'training', testSubset: 'validation' };

describe('randomProposals', () => {
  it('draws lengths and label frequencies of training, inside the video', () => {
    const { results } = randomProposals(truth, { seed: 1, perVideo: 2000, ...subsets });
    assert.deepEqual(Object.keys(results), ['b', 'c']);
    for (const { segment, label, score } of results.c!) {
      assert.ok(Math.abs(segment[1] - segment[0] - (label === 'long' ? 100 : 2)) < 1e-9);
      assert.ok(segment[0] >= 0 && segment[1] <= 300 && score >= 0 && score < 1);
    }
    const long = results.c!.filter((d) => d.label === 'long').length;
    assert.ok(long > 400 && long < 600, String(long));
    assert.ok(results.b!.every(({ segment }) => segment[0] >= 0 && segment[1] <= 50));
  });

  it('depends on the seed, and a video on nothing but seed and id', () => {
    const first = randomProposals(truth, { seed: 1, ...subsets });
    assert.equal(first.results.b!.length, 100);
    assert.deepEqual(randomProposals(truth, { seed: 1, ...subsets }), first);
    assert.notDeepEqual(randomProposals(truth, { seed: 2, ...subsets }), first);
    const { a, c } = truth.database;
    const alone = randomProposals({ database: { a: a!, c: c! } }, { seed: 1, ...subsets });
    assert.deepEqual(alone.results.c, first.results.c);
  });

  it('needs instances to draw from', () => {
    assert.throws(() => randomProposals(truth, { seed: 1, trainSubset: 'none', testSubset: 'validation' }), UsageError);
  });
});
