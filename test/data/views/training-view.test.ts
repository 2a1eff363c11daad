import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configSchema } from '../../../src/config/schema.js';
import { trainingView } from '../../../src/data/views/training-view.js';
import { randomStream } from '../../../src/engine/random.js';

const source = { width: 160, height: 120 };
const views = (data: object) =>
  Array.from({ length: 40 }, (_, i) =>
    trainingView(configSchema.parse({ data }).data, source, 112, randomStream(1, i)),
  );

test('a squashed frame is cut to seven eighths at any place, mirrored half of the time, in its colours', () => {
  const drawn = views({ resize: 'squash' });
  for (const { scale, crop, color } of drawn) {
    assert.deepEqual([scale, crop.width, crop.height, color], [[128, 128], 112, 112, undefined]);
    assert.ok(crop.x >= 0 && crop.x <= 16 && crop.y >= 0 && crop.y <= 16);
  }
  assert.ok(new Set(drawn.map(({ crop }) => `${crop.x} ${crop.y}`)).size > 30);
  const mirrored = drawn.filter(({ flip }) => flip).length;
  assert.ok(mirrored > 10 && mirrored < 30, String(mirrored));
});

test('nothing is mirrored where left and right matter; colours vary as far as they may', () => {
  const drawn = views({ flip: false, colorJitter: 0.2 });
  assert.ok(drawn.every(({ flip }) => !flip));
  assert.equal(new Set(drawn.map(({ color }) => color!.join())).size, 40);
});
