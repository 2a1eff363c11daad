import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { motionNames, opposite, type MotionName, type Pose } from '../../../src/data/synth/motions.js';
import { renderFrame, renderFrames } from '../../../src/data/synth/render.js';
import { planClip, planVideo, type Scene } from '../../../src/data/synth/scene.js';
import { randomStream } from '../../../src/engine/random.js';

const labels: readonly MotionName[] = motionNames.filter((name) => name !== 'nod');
const videos = Array.from({ length: 60 }, (_, i) =>
  planVideo(labels[i % labels.length]!, labels, randomStream(5, 'video', i)),
);

function rate({ fps }: Scene): number {
  return fps[0] / fps[1];
}

/** Pixels and log size by which the main shape changes from frame i to i + 1. */
function pace(poses: readonly Pose[], i: number): number {
  const [a, b] = [poses[i]!, poses[i + 1]!];
  return Math.hypot(b.x - a.x, b.y - a.y) + 30 * Math.abs(Math.log(b.radius / a.radius));
}

function hashFrames(scene: Scene, count: number): string {
  const hash = createHash('sha256');
  for (let i = 0; i < count; i++) hash.update(renderFrame(scene, i));
  return hash.digest('hex');
}

describe('a video', () => {
  test('of three times the length has as many actions, as long', () => {
    const long = Array.from({ length: 60 }, (_, i) => planVideo('shake', labels, randomStream(5, 'video', i), 3));
    for (const scene of long) {
      const seconds = scene.poses.length / rate(scene);
      assert.ok(seconds >= 59.9 && seconds <= 180.1, `${seconds} s`);
      for (const { start, end } of scene.instances) {
        const action = (end - start) / rate(scene);
        assert.ok(action >= 2.5 && action <= 8, `${action} s`);
      }
    }
    assert.deepEqual([...new Set(long.map((v) => v.instances.length))].sort(), [1, 2, 3, 4]);
  });

  test('has 1-4 instances of 2.5-8 s in 20-60 s, at least 1 s apart', () => {
    for (const scene of videos) {
      const seconds = scene.poses.length / rate(scene);
      assert.ok(seconds >= 19.9 && seconds <= 60.1, `${seconds} s`);
      const { instances } = scene;
      assert.ok(instances.length >= 1 && instances.length <= 4);
      let free = 0;
      for (const { start, end } of instances) {
        const length = (end - start) / rate(scene);
        assert.ok(length >= 2.5 && length <= 8, `${length} s`);
        assert.ok((start - free) / rate(scene) >= 1);
        free = end;
      }
      assert.ok(free <= scene.poses.length - 1 - rate(scene) + 1);
    }
    assert.deepEqual([...new Set(videos.map((v) => v.instances.length))].sort(), [1, 2, 3, 4]);
    assert.ok(new Set(videos.map((v) => `${v.width}x${v.height}`)).size >= 4);
    assert.ok(new Set(videos.map(rate)).size >= 4);
    assert.ok(videos.some((v) => new Set(v.instances.map(({ label }) => label)).size > 1));
  });

  test('begins with the label it was asked for and has the others from the list', () => {
    videos.forEach((scene, i) => {
      assert.equal(scene.instances[0]!.label, labels[i % labels.length]);
      for (const { label } of scene.instances) assert.ok(labels.includes(label));
    });
  });

  test('moves fast exactly from the first frame of an instance to the last', () => {
    for (const scene of videos) {
      const inside = new Set<number>();
      for (const { start, end, label } of scene.instances) {
        for (let i = start; i < end; i++) inside.add(i);
        // A shake is slow at its turning points; every other motion has full speed from its first step to its last.
        if (label === 'shake') continue;
        for (const i of [start, start + 1, end - 2, end - 1])
          assert.ok(pace(scene.poses, i) * rate(scene) > 10, `${label} at frame ${i}`);
      }
      const slow = 0.0601 * Math.min(scene.width, scene.height);
      for (let i = 0; i + 1 < scene.poses.length; i++)
        if (!inside.has(i)) assert.ok(pace(scene.poses, i) * rate(scene) <= slow, `rest at frame ${i}`);
    }
  });

  test('shows each label’s own motion', () => {
    const seen = new Set<MotionName>();
    for (const { poses, instances } of videos)
      for (const { start, end, label } of instances) {
        const run = poses.slice(start, end + 1);
        const steps = run
          .slice(1)
          .map((b, i) => ({ dx: b.x - run[i]!.x, dy: b.y - run[i]!.y, grow: b.radius - run[i]!.radius }));
        const turns = steps.slice(1).map(({ dx, dy }, i) => steps[i]!.dx * dy - steps[i]!.dy * dx);
        const mostly = (values: number[]) => values.filter((v) => v > 1e-9).length / values.length;
        const share: Record<MotionName, number> = {
          'move-right': mostly(steps.map(({ dx }) => dx)),
          'move-left': mostly(steps.map(({ dx }) => -dx)),
          'circle-clockwise': mostly(turns),
          'circle-anticlockwise': mostly(turns.map((t) => -t)),
          'zoom-in': mostly(steps.map(({ grow }) => grow)),
          'zoom-out': mostly(steps.map(({ grow }) => -grow)),
          shake: steps.every(({ dy, grow }) => Math.abs(dy) < 1e-9 && grow === 0) ? 1 : 0,
          nod: 0,
        };
        assert.ok(share[label] > 0.85, `${label}: ${share[label]}`);
        if (label !== 'shake') assert.ok(share[opposite[label]] < 0.15, label);
        seen.add(label);
      }
    assert.deepEqual([...seen].sort(), [...labels].sort());
  });

  test('shows the main shape at rest in full', () => {
    for (const { poses, width, height, instances } of videos) {
      const { x, y } = poses[instances[0]!.start]!;
      assert.ok(x > 0 && x < width && y > 0 && y < height);
    }
  });
});

describe('a clip', () => {
  test('is 1.8-2.4 s of one action from end to end', () => {
    for (const label of motionNames) {
      const clip = planClip(label, randomStream(5, 'clip', label, 0));
      assert.ok(clip.poses.length / rate(clip) > 1.7 && clip.poses.length / rate(clip) < 2.5);
      assert.deepEqual(clip.instances, [{ start: 0, end: clip.poses.length - 1, label }]);
      const moved = clip.poses.slice(1).filter((_, i) => pace(clip.poses, i) > 0.05);
      assert.ok(moved.length > 0.9 * (clip.poses.length - 1), label);
    }
  });

  test('of background has no action', () => {
    for (let i = 0; i < 20; i++) {
      const clip = planClip('background', randomStream(5, 'clip', 'background', i));
      assert.deepEqual(clip.instances, []);
      for (let k = 0; k + 1 < clip.poses.length; k++) assert.ok(pace(clip.poses, k) * rate(clip) < 8);
    }
  });
});

describe('rendering', () => {
  test('is the same for the same stream and another for another', () => {
    const make = (i: number) => planVideo('zoom-in', ['zoom-in'], randomStream(5, 'video', i));
    assert.equal(hashFrames(make(1), 30), hashFrames(make(1), 30));
    assert.notEqual(hashFrames(make(1), 30), hashFrames(make(2), 30));
    const all = [...renderFrames(make(1))];
    assert.equal(all.length, make(1).poses.length);
    assert.deepEqual(all[7], renderFrame(make(1), 7));
  });

  test('has not changed (if it has on purpose, raise `format` in src/data/synth/synthesize.ts)', () => {
    assert.equal(
      hashFrames(planVideo('move-left', motionNames, randomStream(1, 'video', 0)), 60),
      '2ad3b3535fce141567928b8efa123bdece7997c16bfe0f5a36a93a52edbb09df',
    );
  });

  test('draws the main shape where the pose says', () => {
    for (const scene of videos.slice(0, 12)) {
      const at = scene.instances[0]!.start;
      const { x, y, radius } = scene.poses[at]!;
      const frame = renderFrame(scene, at);
      let [sumX, sumY, area] = [0, 0, 0];
      for (let i = 0; i < frame.length; i += 3) {
        if (scene.colour.some((c, k) => Math.abs(c - frame[i + k]!) > 40)) continue;
        sumX += (i / 3) % scene.width;
        sumY += Math.floor(i / 3 / scene.width);
        area++;
      }
      assert.ok(Math.hypot(sumX / area - x, sumY / area - y) < 1.5, scene.shape);
      assert.ok(area > 0.8 * radius ** 2 && area < Math.PI * radius ** 2, `${scene.shape}: ${area / radius ** 2}`);
    }
  });

  test('lets the clutter drift while the main shape rests', () => {
    const { backdrop } = videos[0]!;
    assert.ok(Math.hypot(backdrop.drift.dx, backdrop.drift.dy) > 0.5);
    const clip = planClip('background', randomStream(5, 'drift'));
    assert.notDeepEqual(renderFrame(clip, 0), renderFrame(clip, clip.poses.length - 1));
  });
});
