import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startEngine } from '../../../src/engine/backend.js';
import { barClips, frames, side } from '../../../tools/toys/bars/bar-clips.js';
import { studyBars } from '../../../tools/toys/bars/study-bars.js';

const { name } = await startEngine();

test('a bar is at any column as often whichever way it moves, and moves by one column a frame', () => {
  const count = 640;
  const { pixels, directions } = barClips(count, 0, 'train');
  const columnsOf = (clip: number, t: number) =>
    Array.from({ length: side }, (_, column) => {
      let sum = 0;
      for (let row = 0; row < side; row++) sum += pixels[3 * (((clip * frames + t) * side + row) * side + column)]!;
      return sum / side > 95;
    });
  /** The column at which the bar begins. */
  const place = (clip: number, t: number) => {
    const there = columnsOf(clip, t);
    return there.findIndex((is, column) => is && !there[(column + side - 1) % side]);
  };
  const counts = [0, 1].map(() => Array<number>(side).fill(0));
  for (let clip = 0; clip < count; clip++) {
    const direction = directions[clip]!;
    for (let t = 1; t < frames; t++)
      assert.equal((place(clip, t) - place(clip, t - 1) + side) % side, direction === 1 ? 1 : side - 1);
    counts[direction]![place(clip, 2)]!++;
  }
  // 320 clips over 16 columns: 20 each, with a deviation of 4.3.
  for (const each of counts) assert.ok(Math.max(...each) < 40 && Math.min(...each) > 4, each.join());
});

// The other engine takes minutes.
test('frames by themselves do not tell the direction, and together they do', { skip: name !== 'tensorflow' }, () => {
  const [single, early] = studyBars([0], () => undefined, ['single', 'early']);
  assert.ok(Math.abs(single!.accuracy - 0.5) < 0.1, `single: ${single!.accuracy}`);
  assert.ok(early!.accuracy >= 0.95, `early: ${early!.accuracy}`);
});
