import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { anchors } from '../../../src/models/heads/gtad/anchors.js';
import { labels } from '../../../src/models/heads/gtad/labels.js';
import type { HeadInstance } from '../../../src/models/heads/head.js';
import {
  fromWindow,
  randomWindow,
  trainingWindows,
  windowFeatures,
  validSnippets,
  windowInstances,
  windowsOver,
} from '../../../src/models/heads/windows.js';
import { randomStream } from '../../../src/engine/random.js';
import { assertClose } from '../../support/numeric.js';

type Span = readonly [start: number, end: number];
const instancesOf = (...spans: Span[]): HeadInstance[] => spans.map(([start, end], label) => ({ start, end, label }));
const starts = (total: number, size: number | null) => windowsOver(total, size).map(({ start }) => start);

describe('windows', () => {
  it('begin in the middle of the one before, and reach the end', () => {
    assert.deepEqual(starts(768, 256), [0, 128, 256, 384, 512]);
    assert.deepEqual(starts(700, 256), [0, 128, 256, 384, 444]);
    assert.deepEqual(starts(257, 256), [0, 1]);
    assert.deepEqual(starts(256, 256), [0]);
    assert.deepEqual(starts(9, 5), [0, 3, 4]);
  });

  it('are one where the video is shorter, or where none are asked for', () => {
    assert.deepEqual(windowsOver(100, 256), [{ start: 0, snippets: 256 }]);
    assert.deepEqual(windowsOver(100, null), [{ start: 0, snippets: 100 }]);
  });

  it('know how much of them is video', () => {
    assert.equal(validSnippets({ start: 0, snippets: 256 }, 100), 100);
    assert.equal(validSnippets({ start: 60, snippets: 40 }, 100), 40);
  });

  it('cover every snippet of any video', () => {
    for (let total = 1; total < 40; total++) {
      for (let size = 1; size < 12; size++) {
        const windows = windowsOver(total, size);
        for (let i = 0; i < total; i++) {
          assert.ok(
            windows.some(({ start }) => start <= i && i < start + size),
            `${i} of ${total} in ${size}`,
          );
        }
        assert.ok(windows.every(({ start }) => start === 0 || start + size <= total));
        assert.equal(new Set(starts(total, size)).size, windows.length, `${total} in ${size}: each once`);
      }
    }
  });

  it('take their rows of the features, and zeros beyond the end', () => {
    const features = { data: Float32Array.from({ length: 10 }, (_, i) => i), shape: [5, 2] as const };
    assert.deepEqual([...windowFeatures(features, { start: 1, snippets: 3 })], [2, 3, 4, 5, 6, 7]);
    assert.deepEqual([...windowFeatures(features, { start: 3, snippets: 4 })], [6, 7, 8, 9, 0, 0, 0, 0]);
    assert.deepEqual([...windowFeatures(features, { start: 1, snippets: 3 }, 1)], [2, 3, 0, 0, 0, 0]);
  });

  it('see the instances that reach into them, uncut', () => {
    const instances = instancesOf([0, 0.1], [0.15, 0.3], [0.5, 0.9]);
    // Snippets 40 to 120 of 200: from 0.2 to 0.6.
    const found = windowInstances(instances, { start: 40, snippets: 80 }, 200);
    assertClose(
      found.flatMap(({ start, end, label }) => [start, end, label]),
      [-0.125, 0.25, 1, 0.75, 1.75, 2],
      1e-12,
    );
    assert.deepEqual(windowInstances(instances, { start: 0, snippets: 200 }, 200), instances);
  });

  it('at random: all places of a long video, near all of a short one; mostly around an instance', () => {
    const instances = instancesOf([0.2, 0.25], [0.6, 0.7]);
    const draw = (total: number, size: number | null, seed: number) =>
      randomWindow(instances, total, size, randomStream(seed, 'window'));
    const long = Array.from({ length: 200 }, (_, seed) => draw(200, 40, seed));
    for (const { window, valid } of long) {
      assert.deepEqual([window.snippets, valid], [40, 40]);
      const { start } = window;
      assert.ok(start >= 0 && start <= 160);
      // The instances are snippets 40 to 50 and 120 to 140; at least half of one of them must be inside.
      const inside = [[40, 50] as const, [120, 140] as const].some(
        ([from, to]) => Math.min(to, start + 40) - Math.max(from, start) >= (to - from) / 2,
      );
      assert.ok(inside, String(start));
    }
    assert.ok(new Set(long.map(({ window }) => window.start)).size > 40);
    const short = Array.from({ length: 200 }, (_, seed) => draw(30, 40, seed));
    assert.deepEqual([...new Set(short.map(({ valid }) => valid))].sort(), [27, 28, 29, 30]);
    for (const { window, valid } of short) assert.ok(window.snippets === 40 && window.start + valid <= 30);
    assert.ok(short.some(({ window }) => window.start > 0));
    assert.equal(draw(30, null, 1).window.snippets, 30);
    // Without instances the window may be anywhere.
    assert.ok(randomWindow([], 100, 10, randomStream(1)).window.start <= 90);
  });

  it('are trained on where they hold nine tenths of an instance, the whole video always', () => {
    const of = (...instances: Span[]) => trainingWindows(instancesOf(...instances), 40, 20).map(({ start }) => start);
    assert.deepEqual(of(), []);
    assert.deepEqual(of([0.1, 0.2]), [0]);
    assert.deepEqual(of([0.3, 0.4]), [0, 10]);
    // The instance is 0.04 to 0.54 of the video: of its length 0.5, the first half of the video
    // has 0.46 and the middle 0.29.
    assert.deepEqual(of([0.04, 0.54]), [0]);
    assert.deepEqual(of([0.06, 0.56]), []);
    assert.deepEqual(trainingWindows([], 40, null), [{ start: 0, snippets: 40 }]);
  });

  it('give proposals back as parts of the video', () => {
    const found = [
      { start: 0, end: 0.5, score: 0.9, label: 2 },
      { start: 0.5, end: 1, score: 0.8, label: null },
      { start: 0.9, end: 1, score: 0.7, label: null },
    ];
    assert.deepEqual(fromWindow(found, { start: 10, snippets: 20 }, 40), [
      { start: 0.25, end: 0.5, score: 0.9, label: 2 },
      { start: 0.5, end: 0.75, score: 0.8, label: null },
      { start: 0.7, end: 0.75, score: 0.7, label: null },
    ]);
    // A video of 15 snippets in a window of 20.
    assert.deepEqual(fromWindow(found, { start: 0, snippets: 20 }, 15), [
      { start: 0, end: 10 / 15, score: 0.9, label: 2 },
      { start: 10 / 15, end: 1, score: 0.8, label: null },
    ]);
  });
});

it('labels of a window: of an instance that is cut the rest counts, and the cut is not a start', () => {
  const list = anchors(10);
  const cut = labels([[-0.5, 0.4]], 10, list);
  assertClose(cut.overlap, labels([[0, 0.4]], 10, list).overlap, 1e-7);
  assert.ok(cut.start.every((value) => value === 0));
  assert.ok(cut.end[3]! > 0.99 && cut.end[4]! > 0.99);
});
