import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labelledShare, labelOrder, type LabelledVideo } from '../../../tools/labels/subsets.js';
import { randomStream } from '../../../src/engine/random.js';

test('labels come first to videos that together have every class, and no video is lost', () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = randomStream(seed, 'labels test');
    const classes = 6;
    const videos = Array.from({ length: 24 }, (_, i): LabelledVideo => {
      const labels = Array.from({ length: random.below(4) }, () => String(random.below(classes)));
      return { id: `v${i}`, labels };
    });
    const order = labelOrder(videos, seed);
    assert.deepEqual([...order].sort(), videos.map(({ id }) => id).sort());
    assert.deepEqual(labelOrder(videos, seed), order);
    const all = new Set(videos.flatMap(({ labels }) => labels));
    const labelsOf = (ids: ReadonlySet<string>) =>
      new Set(videos.filter(({ id }) => ids.has(id)).flatMap(({ labels }) => labels));
    // Each video brings at least one class until all are there.
    assert.equal(labelsOf(new Set(order.slice(0, all.size))).size, all.size);
    const shares = [1 / 8, 1 / 4, 1 / 2, 1].map((share) => labelledShare(order, share));
    assert.deepEqual(shares.map(({ size }) => size), [3, 6, 12, 24]); // prettier-ignore
    for (const [i, smaller] of shares.slice(0, -1).entries())
      for (const id of smaller) assert.ok(shares[i + 1]!.has(id));
  }
});

test('the video with most new classes is the first, and another seed gives another order', () => {
  const videos = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((id) => ({
    id,
    labels: id === 'c' ? ['x', 'y', 'y'] : ['x'],
  }));
  assert.equal(labelOrder(videos, 0)[0], 'c');
  assert.notDeepEqual(labelOrder(videos, 0), labelOrder(videos, 1));
  assert.equal(labelledShare(['a', 'b'], 1 / 8).size, 1);
});
