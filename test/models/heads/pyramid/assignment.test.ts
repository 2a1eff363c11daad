import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assign } from '../../../../src/models/heads/pyramid/assignment.js';
import { pyramidLevels } from '../../../../src/models/heads/pyramid/levels.js';
import type { HeadInstance } from '../../../../src/models/heads/head.js';

const snippets = 64;
/** An instance between two places. */
const between = (from: number, to: number, label = 0): HeadInstance => ({
  start: (from + 0.5) / snippets,
  end: (to + 0.5) / snippets,
  label,
});
/** The places of each level that learn something, and what they learn. */
function learnt(instances: HeadInstance[], { overlap = false, valid = snippets, levels = 4, radius = 1.5 } = {}) {
  const all = pyramidLevels({ levels, overlap });
  return assign(instances, snippets, valid, all, radius).map(({ level, index, before, after, labels }) => ({
    level,
    place: index * all[level]!.stride,
    from: Number((index - before).toFixed(6)) * all[level]!.stride,
    to: Number((index + after).toFixed(6)) * all[level]!.stride,
    labels,
  }));
}
const places = (...args: Parameters<typeof learnt>) => learnt(...args).map(({ level, place }) => [level, place]);

test('a short instance is learnt at level 0, within 1.5 snippets of its middle', () => {
  // The instance's middle is 10.6: 10, 11 and 12 are 0.6, 0.4 and 1.4 away, 9 is 1.6 away. The
  // farther ends are less than 4 away.
  assert.deepEqual(learnt([between(8.2, 13, 3)]), [
    { level: 0, place: 10, from: 8.2, to: 13, labels: [3] },
    { level: 0, place: 11, from: 8.2, to: 13, labels: [3] },
    { level: 0, place: 12, from: 8.2, to: 13, labels: [3] },
  ]);
});

test('the middle alone is not enough: a location lies inside the instance', () => {
  // The middle is 10.5 and the radius 1.5, but only 10 and 11 lie inside; the ends themselves do not count.
  assert.deepEqual(places([between(9, 12)]), [[0, 10], [0, 11]]); // prettier-ignore
  // An instance between two snippets that contains neither is learnt by nobody.
  assert.deepEqual(places([between(10.2, 10.8)]), []);
});

test('the farther end chooses the level: ranges take both of their ends', () => {
  // The farther end is 4 snippets from place 10: level 0 takes up to 4, level 1 (places 8, 10, 12) from 4 on.
  assert.deepEqual(places([between(6, 14)]), [
    [0, 10],
    [1, 8],
    [1, 10],
    [1, 12],
  ]);
  // The middle is 30. Level 2 reaches 6 to either side: places 28 and 32, each 12 from an end. Level 3 reaches 12:
  // place 24, which is 16 from the end.
  assert.deepEqual(places([between(20, 40)]), [
    [2, 28],
    [2, 32],
    [3, 24],
  ]);
  // The last level takes all longer instances.
  assert.deepEqual(places([between(1, 63)]), [
    [3, 24],
    [3, 32],
    [3, 40],
  ]);
});

test('ranges that overlap teach an instance on two levels', () => {
  assert.deepEqual(places([between(20, 40)], { overlap: true }), [
    [2, 28],
    [2, 32],
    [3, 24],
    [3, 32],
  ]);
});

test('of several instances the shortest is learnt; where it is not, the longer one', () => {
  const long = between(5, 12.9, 1);
  const short = between(8, 10.5, 2);
  const at = (place: number) => learnt([long, short]).find((found) => found.level === 0 && found.place === place);
  assert.deepEqual(at(9)?.labels, [2]);
  assert.equal(at(9)?.to, 10.5);
  // So does place 10. Place 11 is beyond the short one's end and too far from the long one's middle.
  assert.deepEqual(at(10)?.labels, [2]);
  assert.equal(at(11), undefined);
  assert.deepEqual(
    learnt([long, short])
      .filter(({ level }) => level === 1)
      .map(({ place, labels }) => [place, labels]),
    [[6, [1]], [8, [1]], [10, [1]]], // prettier-ignore
  );
});

test('two instances at one place with different classes are both learnt, the same class twice once', () => {
  const [found] = learnt([between(9, 12, 4), between(9, 12.0005, 7), between(9, 12, 4)]);
  assert.ok(found);
  assert.deepEqual(found.labels, [4, 7]);
  assert.equal(found.to, 12);
});

test('what a window cuts is learnt as far as it lies inside, where that is at least half', () => {
  // 10 of its 16 snippets lie before the window's end, so it ends there. The window's last edge is place 63.5.
  const cut = learnt([between(53.5, 69.5)]);
  assert.ok(cut.length > 0);
  assert.ok(cut.every(({ from, to }) => from === 53.5 && to === 63.5));
  assert.deepEqual(learnt([between(57.5, 73.5)]), []);
  assert.ok(learnt([between(-4.5, 9.5)]).every(({ from }) => from === -0.5));
  assert.deepEqual(learnt([between(-30, -10)]), []);
  assert.deepEqual(learnt([{ start: 0.5, end: 0.5, label: 0 }]), []);
});

test('nothing is learnt behind the end of the video', () => {
  const found = learnt([between(2, 60)], { valid: 40 });
  assert.ok(found.length > 0);
  assert.ok(found.every(({ place, to }) => place < 40 && to === 39.5));
  assert.deepEqual(learnt([]), []);
});
