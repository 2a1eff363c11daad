import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../src/engine/backend.js';
import { digitsPicture, framesOf, type FrameRow } from '../../../tools/toys/digits/digits-picture.js';
import { arms, future, past, studyDigits } from '../../../tools/toys/digits/study-digits.js';

await startEngine();

test('every arm of the moving digits learns, and frees what it made', () => {
  const before = tf.memory().numTensors;
  let rows: FrameRow[] = [];
  const effort = { units: 16, steps: 40, tested: 20 };
  const results = studyDigits([0], effort, undefined, (trained) => {
    if (trained.arm === 'composite') rows = framesOf(trained, 2);
  });
  assert.equal(tf.memory().numTensors, before);
  assert.deepEqual(
    results.map(({ arm }) => arm),
    ['mean frame', ...Object.keys(arms)],
  );
  // Frames of 256 pixels of even chance would take 177 nats.
  for (const { reconstruction, future: predicted } of results) {
    for (const loss of [reconstruction, predicted]) assert.ok(loss === null || (loss > 10 && loss < 100));
  }
  const [, autoencoder, predictor, , conditional] = results;
  assert.equal(autoencoder!.future, null);
  assert.equal(predictor!.reconstruction, null);
  assert.notEqual(conditional!.future, conditional!.future_forced);

  assert.deepEqual(
    rows.map(({ title, frames }) => [title, frames.length]),
    [['input', past], ['reconstruction', past], ['future', future], ['truth', future]], // prettier-ignore
  );
  assert.equal(digitsPicture(rows).match(/<rect width="16" height="16"/g)!.length, 4 * 6 * 2);
});
