import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oddities } from '../../src/data/oddities.js';

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
