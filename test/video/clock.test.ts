import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameAt, knotsThrough, secondsAt, shownSeconds, tolerance, type Clock } from '../../src/video/clock.js';
import { randomStream } from '../../src/engine/random.js';

test('at a constant rate, seconds count from the container’s start', () => {
  const late: Clock = { frames: 50, fps: 25, duration: 7, start: 5 };
  assert.equal(shownSeconds(late), 2);
  assert.equal(secondsAt(late, 10), 5.4);
  assert.ok(Math.abs(frameAt(late, 5.4) - 10) < 1e-9);
  assert.ok(Math.abs(frameAt(late, 4.6) + 10) < 1e-9);
  assert.equal(frameAt({ fps: 25 }, 0.4), 10);
});

test('at a variable rate, the frames’ own times decide', () => {
  // 100 frames of 0.2 s, then 413 of 0.033 s: frame 251 is shown at 20 + 151 · 0.033 s.
  const times = Float64Array.from({ length: 514 }, (_, i) => (i <= 100 ? i / 5 : 20 + (i - 100) * 0.033));
  const knots = knotsThrough(times);
  assert.deepEqual(knots, [
    [0, 0],
    [100, 20],
    [513, 20 + 413 * 0.033],
  ]);
  const clock: Clock = { frames: 513, fps: 513 / times[513]!, duration: times[513]!, times: knots };
  assert.ok(Math.abs(secondsAt(clock, 251) - 24.983) < 1e-9);
  assert.ok(Math.abs(frameAt(clock, 27) - (100 + 7 / 0.033)) < 1e-9);
  // Half of a long frame is half a frame.
  assert.ok(Math.abs(frameAt(clock, 0.1) - 0.5) < 1e-9);
});

test('knots are within the tolerance of every frame, in any order of long, short and repeated times', () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = randomStream(seed, 'knots');
    const length = 2 + random.below(200);
    const jitter = random.pick([0, 1e-5, 4e-4, 2e-3, 0.5]);
    let [time, step] = [random.uniform() * 5, 0.04];
    const times = Array.from({ length }, () => {
      if (random.uniform() < 0.05) step = random.pick([0, 0.001, 0.033, 0.2, 3]);
      time += step;
      return time + jitter * (random.uniform() - 0.5);
    });
    const knots = knotsThrough(times);
    assert.deepEqual([knots[0]![0], knots.at(-1)![0]], [0, length - 1]);
    let latest = -Infinity;
    times.forEach((own, frame) => {
      latest = Math.max(latest, own);
      const read = secondsAt({ fps: 1, times: knots }, frame);
      assert.ok(Math.abs(read - latest) <= tolerance + 1e-9, `seed ${seed}, frame ${frame}: ${read} for ${latest}`);
    });
    for (let i = 1; i < knots.length; i++)
      assert.ok(knots[i]![0] > knots[i - 1]![0] && knots[i]![1] >= knots[i - 1]![1], `seed ${seed}`);
  }
});
