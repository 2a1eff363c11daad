import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oddities, oddLines } from '../../src/data/oddities.js';

test('damage and a variable rate are told, an ordinary video has nothing to tell', () => {
  assert.deepEqual(oddities({}), []);
  assert.deepEqual(
    oddities({ damage: 'cut off', drift: 0.25 }).map(({ text }) => text),
    [
      'damaged: cut off',
      'variable frame rate: frames are shown up to 0.25 s away from frame number / fps; ' +
        'times are those at which the frames are shown',
    ],
  );
});

test('of many files of a kind a few are named and the others counted', () => {
  const files = Array.from({ length: 8 }, (_, i) => ({ name: `v${i}`, damage: 'cut off' }));
  assert.deepEqual(oddLines([{ name: 'whole' }, ...files]), [
    ...[0, 1, 2, 3, 4].map((i) => `v${i}: damaged: cut off`),
    '… 3 more damaged videos',
  ]);
});
