import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { configSchema } from '../../src/config/schema.js';
import { startEngine } from '../../src/engine/backend.js';
import { disposeLocalizer, freshLocalizer, joinRows, localize, poolSegment } from '../../src/stages/localizer.js';
import { assertClose, seededArray } from '../support/numeric.js';

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
    assertClose(poolSegment(features, segment), [expected, 10 * expected], 1e-6, segment.join());
  }
});

test('a segment of nothing pools to zeros, not to NaN', () => {
  for (const segment of [
    [0.3, 0.3],
    [0.6, 0.4],
    [1.2, 1.5],
    [-2, -1],
  ] as [number, number][])
    assert.deepEqual([...poolSegment(features, segment)], [0, 0]);
});

test('rows are laid end to end', () => {
  assert.deepEqual([...joinRows([Float32Array.of(1, 2), Float32Array.of(3, 4)], 2)], [1, 2, 3, 4]);
});

test('localize: each kept segment under its likeliest labels, in seconds; nothing is left behind', () => {
  const config = configSchema.parse({
    model: { h1: 8, h2: 8, h3: 8, groups: 2, width: 4, inner: 4, context: 2 },
    detect: { keep: 3, classes: 2 },
  });
  const before = tf.memory().numTensors;
  const localizer = freshLocalizer(config, 8, ['a', 'b', 'c']);
  const bias = tf.tensor1d([0, 2, 1]);
  localizer.classifierParameters.assign('fc.bias', bias);
  localizer.classifierParameters.assign('fc.weight', tf.zeros([8, 3]));
  const video = { data: seededArray(10 * 8, 'video'), shape: [10, 8] } as const;
  const found = localize(localizer, video, 50, config.detect);
  const held = tf.memory().numTensors;
  assert.deepEqual(localize(localizer, video, 50, config.detect), found);
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
  disposeLocalizer(localizer);
  assert.equal(tf.memory().numTensors, before);
});
