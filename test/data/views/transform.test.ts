import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clipTrainTransform, evalTransform, videoTrainTransform } from '../../../src/data/views/transform.js';
import { randomStream } from '../../../src/engine/random.js';
import type { FrameTransform } from '../../../src/video/decode.js';

/** The part of the source that is kept, in fractions of its width and height. */
function view({ scale, crop }: FrameTransform) {
  return {
    left: crop.x / scale[0],
    top: crop.y / scale[1],
    width: crop.width / scale[0],
    height: crop.height / scale[1],
  };
}

function assertInside({ scale, crop }: FrameTransform, size: number): void {
  assert.deepEqual([crop.width, crop.height], [size, size]);
  for (const n of [...scale, crop.x, crop.y]) assert.ok(Number.isInteger(n));
  assert.ok(crop.x >= 0 && crop.y >= 0 && crop.x + size <= scale[0] && crop.y + size <= scale[1]);
}

test('evaluation: the short side in proportion 256 to 224, the centre cut out', () => {
  assert.deepEqual(evalTransform({ width: 320, height: 240 }, 224, 'crop'), {
    scale: [341, 256],
    crop: { x: 58, y: 16, width: 224, height: 224 },
    flip: false,
  });
  assert.deepEqual(evalTransform({ width: 240, height: 320 }, 112, 'crop').scale, [128, 171]);
});

test('evaluation, squash: the whole frame', () => {
  assert.deepEqual(evalTransform({ width: 320, height: 240 }, 96, 'squash'), {
    scale: [96, 96],
    crop: { x: 0, y: 0, width: 96, height: 96 },
    flip: false,
  });
});

test('every fidelity sees the same field of view', () => {
  const [full, ...low] = [224, 158, 112].map((size) => view(evalTransform({ width: 340, height: 256 }, size, 'crop')));
  for (const other of low) {
    for (const key of ['left', 'top', 'width', 'height'] as const) {
      assert.ok(Math.abs(other[key] - full![key]) < 0.01, key);
    }
  }
});

test('videos in training: crops reach every border, both directions come up, the draw is repeatable', () => {
  for (const resize of ['crop', 'squash'] as const) {
    const drawn = Array.from({ length: 600 }, (_, i) => {
      const random = randomStream(1, i);
      return videoTrainTransform({ width: 160, height: 120 }, 112, resize, { flip: true }, random);
    });
    for (const transform of drawn) assertInside(transform, 112);
    const [width, height] = drawn[0]!.scale;
    assert.deepEqual([width, height], resize === 'crop' ? [171, 128] : [128, 128]);
    const range = (of: (t: FrameTransform) => number) => [Math.min(...drawn.map(of)), Math.max(...drawn.map(of))];
    assert.deepEqual(
      range(({ crop }) => crop.x),
      [0, width - 112],
    );
    assert.deepEqual(
      range(({ crop }) => crop.y),
      [0, height - 112],
    );
    const flipped = drawn.filter(({ flip }) => flip).length;
    assert.ok(flipped > 250 && flipped < 350, `${flipped} of 600 flipped`);
  }
  const again = () =>
    videoTrainTransform({ width: 160, height: 120 }, 112, 'crop', { flip: false }, randomStream(9, 'a'));
  assert.deepEqual(again(), again());
  assert.equal(again().flip, false);
});

test('clips in training: multi-scale crops at fixed places', () => {
  const source = { width: 320, height: 240 };
  const scales = [1, 0.875, 0.75, 0.66];
  const sizes = new Set<string>();
  const corners = new Set<string>();
  for (let i = 0; i < 2000; i++) {
    const transform = clipTrainTransform(source, 112, { flip: true, scales }, randomStream(1, i));
    assertInside(transform, 112);
    const { left, top, width, height } = view(transform);
    const [column, row] = [left / (1 - width), height < 1 ? top / (1 - height) : 0].map((at) => Math.round(at * 4));
    corners.add(`${column!},${height < 0.99 ? row! : '-'}`);
    // The crop's sides are scales of the short side that are at most one step apart.
    const nearest = (side: number) =>
      scales.reduce(
        (best, scale, k) => (Math.abs(scale * 240 - side) < Math.abs(scales[best]! * 240 - side) ? k : best),
        0,
      );
    const [w, h] = [nearest(width * 320), nearest(height * 240)];
    assert.ok(Math.abs(w - h) <= 1);
    sizes.add(`${w},${h}`);
  }
  assert.equal(sizes.size, 10, 'pairs of neighbouring scales');
  assert.equal([...corners].filter((place) => !place.endsWith('-')).length, 13, 'fixed places');
});
