import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MeasuredClip } from '../../../src/data/measured-clips.js';
import { cut } from '../../../src/data/frames/cut.js';
import { cropCount, viewFrames, viewRequests, viewTransforms } from '../../../src/data/views/clip-views.js';
import { randomStream } from '../../../src/engine/random.js';

const dense = { frames: 100, count: 4, stride: 8, mode: 'dense' } as const;
const uniform = { ...dense, mode: 'uniform' } as const;
const frames = (sampling: Parameters<typeof viewFrames>[0], i: number, n: number) => [
  ...viewFrames(sampling, { i, n }),
];

test('dense: ten evenly spaced windows from the first frame to the last (TSM: linspace(0, n - 64, 10))', () => {
  // A window of 32 in 100 frames begins at 0 to 68, every 7.56 frames.
  const begins = Array.from({ length: 10 }, (_, i) => frames(dense, i, 10)[0]);
  assert.deepEqual(begins, [0, 7, 15, 22, 30, 37, 45, 52, 60, 68]);
  assert.deepEqual(frames(dense, 9, 10), [68, 76, 84, 92]);
  assert.deepEqual(frames(dense, 0, 1), [34, 42, 50, 58]);
  // A clip shorter than a window has only one place for it, and wraps.
  assert.deepEqual(frames({ ...dense, frames: 20 }, 3, 10), [0, 8, 16, 4]);
});

test('uniform: of four parts of 25 frames, two evenly spaced frames each', () => {
  assert.deepEqual(frames(uniform, 0, 1), [12, 37, 62, 87]);
  assert.deepEqual(frames(uniform, 0, 2), [6, 31, 56, 81]);
  assert.deepEqual(frames(uniform, 1, 2), [18, 43, 68, 93]);
  assert.deepEqual(frames({ ...uniform, frames: 2 }, 1, 2), [0, 0, 1, 1]);
});

test('three crops: squares of the whole short side, at both ends and in the middle of the long one', () => {
  const crop = (width: number, height: number, i: number, n: 1 | 3) =>
    viewTransforms({ width, height }, { size: 224, resize: 'crop', flip: true }, n)[i]!.crop;
  // The frame is 340x256 after scaling, which leaves 84 pixels of room.
  assert.deepEqual(
    [0, 1, 2].map((i) => crop(680, 512, i, 3)),
    [0, 42, 84].map((x) => ({ x, y: 0, width: 256, height: 256 })),
  );
  assert.deepEqual(
    [0, 1, 2].map((i) => crop(512, 680, i, 3).y),
    [0, 42, 84],
  );
  assert.deepEqual(crop(680, 512, 0, 1), { x: 58, y: 16, width: 224, height: 224 });
});

const clip: MeasuredClip = {
  path: '/a.mp4',
  label: 'x',
  subset: 'validation',
  frames: { from: 1000, count: 100 },
  file: { frames: 1000, width: 680, height: 512, fps: 25 },
  sha256: '',
};
const sampling = { count: 4, stride: 8, mode: 'dense' } as const;

test('requests: the crops of each sample in time, counted from the first frame of the clip', () => {
  const requests = viewRequests(clip, { clips: 10, crops: 3 }, { size: 112, resize: 'crop', flip: true, sampling });
  assert.equal(requests.length, 30);
  assert.deepEqual(
    requests.slice(25, 29).map(({ indices, crop }) => [indices[0], crop.x, crop.width]),
    [
      [1060, 21, 128],
      [1060, 42, 128],
      [1068, 0, 128],
      [1068, 21, 128],
    ],
  );
  // All views have the same scale, so the frames are decoded once.
  assert.equal(new Set(requests.map(({ scale, family }) => JSON.stringify([scale, [...family!]]))).size, 1);
});

/** The squares that the crops of an image cut out, of which each pixel holds its own place: red its x, green its y. */
function cutOut(width: number, height: number, size: number, crops: 4 | 10, flip: boolean) {
  const bytes = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [pixel, channel] = [Math.floor(i / 3), i % 3];
    return [pixel % width, Math.floor(pixel / width), 0][channel]!;
  });
  const options = { size, resize: 'crop', flip } as const;
  return viewTransforms({ width, height }, options, crops).map((view) => {
    // The image has the size that it would be scaled to: pixels stay what they are.
    assert.deepEqual([...view.scale], [width, height]);
    const pixels = cut({ frames: Int32Array.of(0), width, height, bytes }, { ...view, indices: Int32Array.of(0) });
    assert.equal(pixels.length, size * size * 3);
    const at = (x: number, y: number) => [...pixels.subarray((y * size + x) * 3, (y * size + x) * 3 + 2)];
    return { topLeft: at(0, 0), bottomRight: at(size - 1, size - 1) };
  });
}

test('ten crops: corners and centre of the middle square, then the mirror images, pixel by pixel', () => {
  // 28 pixels are cut out of a square of 32, here at x from 4 to 35 and y from 0 to 31.
  const places = [
    [4, 0],
    [8, 0],
    [4, 4],
    [8, 4],
    [6, 2],
  ] as const;
  const plain = places.map(([x, y]) => ({ topLeft: [x, y], bottomRight: [x + 27, y + 27] }));
  const mirrored = places.map(([x, y]) => ({ topLeft: [x + 27, y], bottomRight: [x, y + 27] }));
  assert.deepEqual(cutOut(40, 32, 28, 10, true), [...plain, ...mirrored]);
  // The centre is the one crop of the validation.
  const source = { width: 40, height: 32 };
  const options = { size: 28, resize: 'crop', flip: true } as const;
  assert.deepEqual(viewTransforms(source, options, 10)[4], viewTransforms(source, options, 1)[0]);
});

test('four crops: the corners, two of them mirrored, so that each half of the frame is seen both ways', () => {
  assert.deepEqual(
    cutOut(32, 40, 28, 4, true).map(({ topLeft }) => topLeft),
    [
      [0, 4],
      [31, 4],
      [27, 8],
      [4, 8],
    ],
  );
});

test('where left and right are classes, nothing is mirrored: ten crops are five', () => {
  for (const crops of [4, 10] as const) {
    const views = cutOut(40, 32, 28, crops, false);
    assert.equal(views.length, cropCount(crops, false));
    for (const { topLeft, bottomRight } of views) assert.ok(topLeft[0]! < bottomRight[0]!);
  }
  assert.deepEqual(
    ([1, 3, 4, 10] as const).map((crops) => cropCount(crops, true)),
    [1, 3, 4, 10],
  );
});

test('squashed frames: corners of the whole frame', () => {
  const views = viewTransforms({ width: 640, height: 360 }, { size: 224, resize: 'squash', flip: false }, 10);
  assert.deepEqual(
    views.map(({ scale, crop }) => [...scale, crop.x, crop.y]),
    [
      [256, 256, 0, 0],
      [256, 256, 32, 0],
      [256, 256, 0, 32],
      [256, 256, 32, 32],
      [256, 256, 16, 16],
    ],
  );
});

test('samples at random places: each by its own stream; a single one is the centre all the same', () => {
  const options = { size: 112, resize: 'crop', flip: true, sampling } as const;
  const random = (i: number) => randomStream(5, 'test', i);
  const begins = (clips: number) =>
    viewRequests(clip, { clips, crops: 1, random }, options).map(({ indices }) => indices[0]! - 1000);
  const many = begins(50);
  assert.ok(many.every((begin) => begin >= 0 && begin < 68));
  assert.ok(new Set(many).size > 20);
  assert.deepEqual(begins(3), many.slice(0, 3));
  assert.deepEqual(begins(1), [34]);
});
