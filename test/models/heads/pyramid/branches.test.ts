import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../../../src/engine/backend.js';
import { randomStream } from '../../../../src/engine/random.js';
import { branches, rowsOf, type Place } from '../../../../src/models/heads/pyramid/branches.js';
import { sequenceMask, type Sequence } from '../../../../src/models/layers/sequence.js';
import { Parameters } from '../../../../src/models/parameters.js';
import { assertClose, seeded } from '../../../support/numeric.js';

await startEngine();

const options = { width: 5, classes: 2, levels: 3, headLayers: 3 };
const steps = 8;
const valid = [8, 5, 8];

/** Three levels of three sequences, one of which ends early. */
function someSequences(): Sequence[] {
  return [0, 1, 2].map((level) => {
    const length = steps / 2 ** level;
    const there = valid.map((n) => Math.ceil(n / 2 ** level));
    const mask = sequenceMask(length, there);
    const x = seeded<tf.Rank.R2>([3 * length, 5], `level ${level}`, -2, 2);
    return { x: mask ? tf.mul(x, mask) : x, valid: there, mask };
  });
}

test('rows of levels with one between two', () => {
  assert.deepEqual(rowsOf(8, 3), { first: [0, 9, 14], count: 16 });
});

test('boundaries at some places are those of all of them, at the ends of levels and items too', () => {
  const head = branches(options);
  const parameters = new Parameters(head.parameters, randomStream(3, 'branches'));
  parameters.assign('scale', tf.tensor1d([1, 2, 0.5]));
  const pass = { parameters, normalization: 'running' as const };
  const all = tf.tidy(() => head.apply(someSequences(), pass).offsets.arraySync());
  const { first, count } = rowsOf(steps, 3);
  const place = (item: number, level: number, index: number): Place => ({ item, level, row: first[level]! + index });
  const some: Record<string, Place[]> = {
    'one in the middle': [place(0, 0, 4)],
    'first and last': [place(0, 0, 0), place(0, 2, 1)],
    'neighbours of other levels and items': [place(0, 2, 1), place(1, 0, 0), place(1, 0, 7), place(1, 1, 0)],
    'beside what is not there': [place(1, 0, 4), place(1, 1, 2), place(2, 1, 3)],
    all: [0, 1, 2].flatMap((item) =>
      [0, 1, 2].flatMap((level) => Array.from({ length: steps / 2 ** level }, (_, i) => place(item, level, i))),
    ),
  };
  for (const [name, places] of Object.entries(some)) {
    const { offsets, logits } = tf.tidy(() => {
      const { offsets, logits } = head.learn(someSequences(), places, pass);
      return { offsets: offsets.dataSync(), logits: logits.shape };
    });
    assert.deepEqual(logits, [3, count, 2]);
    assertClose(offsets, places.flatMap(({ item, row }) => all[item]![row]!), 1e-5, name); // prettier-ignore
  }
  assert.ok(all.flat(2).some((offset) => offset > 0));
  parameters.dispose();
});
