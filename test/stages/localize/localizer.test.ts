import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { configSchema } from '../../../src/config/schema.js';
import { startEngine } from '../../../src/engine/backend.js';
import { concatenated } from '../../../src/system/concatenated.js';
import { freshLocalizer, localize } from '../../../src/stages/localize/localizer.js';
import { poolSpan } from '../../../src/stages/segments/segment-spans.js';
import { assertClose, seededArray } from '../../support/numeric.js';

await startEngine();

/** Four snippets of two channels: 1..4 and 10..40. */
const features = { data: Float32Array.of(1, 10, 2, 20, 3, 30, 4, 40), shape: [4, 2] } as const;

test('pooling a segment: snippets count by how much of them it covers', () => {
  for (const [segment, expected] of [
    [[0, 1], 2.5],
    [[0.25, 0.75], 2.5],
    [[0.25, 0.5], 2],
    // Half of snippet 0, all of 1, a quarter of 2.
    [[0.125, 0.5625], (0.5 * 1 + 2 + 0.25 * 3) / 1.75],
    [[0.5, 0.5625], 3],
    // Beyond the ends there is nothing.
    [[-0.5, 0.25], 1],
    [[0.75, 1.5], 4],
    [[-1, 2], 2.5],
  ] as [[number, number], number][]) {
    assertClose(poolSpan(features, segment), [expected, 10 * expected], 1e-6, segment.join());
  }
});

test('a segment of nothing pools to zeros, not to NaN', () => {
  for (const segment of [
    [0.3, 0.3],
    [0.6, 0.4],
    [1.2, 1.5],
    [-2, -1],
  ] as [number, number][])
    assert.deepEqual([...poolSpan(features, segment)], [0, 0]);
});

test('rows are laid end to end', () => {
  assert.deepEqual([...concatenated([Float32Array.of(1, 2), Float32Array.of(3, 4)])], [1, 2, 3, 4]);
});

test('localize: each kept segment under its likeliest labels, in seconds; nothing is left behind', () => {
  const config = configSchema.parse({
    model: { h1: 8, h2: 8, h3: 8, groups: 2, width: 4, inner: 4, context: 2 },
    detect: { keep: 3, classes: 2 },
  });
  const before = tf.memory().numTensors;
  const localizer = freshLocalizer(config, 8, ['a', 'b', 'c']);
  const bias = tf.tensor1d([0, 2, 1]);
  localizer.segments!.parameters.assign('fc.bias', bias);
  localizer.segments!.parameters.assign('fc.weight', tf.zeros([8, 3]));
  const video = { data: seededArray(10 * 8, 'video'), shape: [10, 8] } as const;
  const found = localize(localizer, video, (x) => x * 50, config.detect);
  const held = tf.memory().numTensors;
  assert.deepEqual(
    localize(localizer, video, (x) => x * 50, config.detect),
    found,
  );
  assert.equal(tf.memory().numTensors, held);
  assert.ok(found.length > 0 && found.length <= 6 && found.length % 2 === 0);
  const sum = 1 + Math.E + Math.E ** 2;
  for (let i = 0; i < found.length; i += 2) {
    const [best, second] = [found[i]!, found[i + 1]!];
    assert.deepEqual([best.label, second.label], ['b', 'c']);
    assert.deepEqual(best.segment, second.segment);
    assertClose([second.score / best.score], [1 / Math.E], 1e-5);
    assert.ok(best.score > 0 && best.score < Math.E ** 2 / sum);
    const [start, end] = best.segment;
    assert.ok(start >= 0 && start < end && end < 50);
    // Ten snippets of five seconds.
    assertClose([start / 5, end / 5], [Math.round(start / 5), Math.round(end / 5)], 1e-9);
  }
  localizer[Symbol.dispose]();
  assert.equal(tf.memory().numTensors, before);
});

test("localize: by scores of the whole video instead of the run's own classifier", () => {
  const config = configSchema.parse({
    model: { h1: 8, h2: 8, h3: 8, groups: 2, width: 4, inner: 4, context: 2 },
    detect: { keep: 3, classes: 1 },
  });
  const localizer = freshLocalizer(config, 8, ['a', 'b']);
  const video = { data: seededArray(10 * 8, 'video'), shape: [10, 8] } as const;
  const by = (score: number) =>
    localize(localizer, video, (x) => x * 50, config.detect, [
      { label: 'a', score: score / 2 },
      { label: 'b', score },
    ]);
  const [own, once, half] = [localize(localizer, video, (x) => x * 50, config.detect), by(1), by(0.5)];
  assert.deepEqual(
    once.map(({ segment }) => segment),
    own.map(({ segment }) => segment),
  );
  assert.ok(once.length > 0 && once.every(({ label }) => label === 'b'));
  assert.deepEqual(
    half.map(({ score }) => score),
    once.map(({ score }) => 0.5 * score),
  );
  assert.deepEqual(
    localize(localizer, video, (x) => x * 50, config.detect, []),
    [],
  );
  localizer[Symbol.dispose]();
});

test('localize: a long video in windows, short anchors everywhere in it, nothing beyond its end', () => {
  const config = configSchema.parse({
    model: {
      ...{ h1: 8, h2: 8, h3: 8, groups: 2, width: 4, inner: 4, context: 4, kernel: 3, maxDuration: 3 },
      window: { snippets: 8, every: 5 },
    },
    detect: { keep: 1000, classes: 1, peaks: false },
  });
  const before = tf.memory().numTensors;
  const localizer = freshLocalizer(config, 8, ['a']);
  for (const total of [21, 5]) {
    const video = { data: seededArray(total * 8, 'video'), shape: [total, 8] } as const;
    // A snippet is a second.
    const found = localize(localizer, video, (x) => x * total, config.detect);
    const lengths = new Set(found.map(({ segment: [start, end] }) => Math.round(end - start)));
    assert.deepEqual([...lengths].sort(), [1, 2, 3]);
    const starts = new Set(found.map(({ segment: [start] }) => Math.round(start)));
    assert.deepEqual(
      [...starts].sort((a, b) => a - b),
      // One that ended with the last window cannot be.
      Array.from({ length: total === 5 ? 5 : 20 }, (_, i) => i),
    );
    for (const { segment } of found) {
      assertClose(segment, segment.map(Math.round), 1e-9);
      assert.ok(segment[0] >= 0 && segment[1] <= total);
    }
  }
  localizer[Symbol.dispose]();
  assert.equal(tf.memory().numTensors, before);
});

const small = { type: 'pyramid', width: 8, heads: 2, levels: 3, stem: 1, attention: 3 };
/** The settings of the pyramid's recipe. */
const classWise = { softNmsSigma: 0.5, keep: 200, minScore: 1e-3 };

/** A model that finds something: every place proposes a random stretch around it. */
function randomPyramid(config: ReturnType<typeof configSchema.parse>, classes: string[]) {
  const localizer = freshLocalizer(config, 8, classes);
  localizer.parts.head.assign('boundaries.last.bias', tf.tensor1d([1.5, 1]));
  return localizer;
}

test('localize with a head that gives labels: no classifier; whole and in windows, thinned by label', () => {
  const before = tf.memory().numTensors;
  for (const window of [null, { snippets: 16, every: 5 }]) {
    const config = configSchema.parse({ model: { ...small, window }, detect: classWise });
    const localizer = randomPyramid(config, ['a', 'b', 'c']);
    assert.equal(localizer.segments, null);
    for (const total of [37, 9]) {
      const video = { data: seededArray(total * 8, 'video'), shape: [total, 8] } as const;
      // A snippet is a second.
      const found = localize(localizer, video, (x) => x * total, config.detect);
      assert.ok(found.length > 20 && found.length <= 200);
      assert.deepEqual([...new Set(found.map(({ label }) => label))].sort(), ['a', 'b', 'c']);
      found.forEach(({ score, segment: [start, end] }, i) => {
        assert.ok(0 <= start && start < end && end <= total, `${start} to ${end} of ${total}`);
        assert.ok(score >= 1e-3 && score <= (found[i - 1]?.score ?? 1));
      });
      assert.ok(found.some(({ segment: [, end] }) => end > 0.8 * total));
    }
    localizer[Symbol.dispose]();
  }
  assert.equal(tf.memory().numTensors, before);
});

test('localize: by scores of the whole video a head that gives labels proposes actions of any kind', () => {
  const config = configSchema.parse({ model: small, detect: { ...classWise, classes: 1 } });
  const localizer = randomPyramid(config, ['a', 'b', 'c']);
  const video = { data: seededArray(20 * 8, 'video'), shape: [20, 8] } as const;
  const scores = [
    { label: 'a', score: 0.5 },
    { label: 'other', score: 0.25 },
  ];
  const found = localize(localizer, video, (x) => x * 20, config.detect, scores);
  const own = localize(localizer, video, (x) => x * 20, config.detect);
  assert.ok(found.length > 20 && found.every(({ label }) => label === 'a'));
  // The best of all proposals is the best of each label too.
  assertClose([found[0]!.score], [0.5 * own[0]!.score], 1e-6);
  assert.deepEqual(found[0]!.segment, own[0]!.segment);
  localizer[Symbol.dispose]();
});
