import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { glyphDigits } from '../../../../src/data/synth/digits/digit-images.js';
import { MovingDigits, trajectory } from '../../../../src/data/synth/digits/moving-digits.js';
import golden from '../../../fixtures/lstm.json' with { type: 'json' };

describe('the way of a digit', () => {
  it('has the golden values', () => {
    const { x0, y0, vx, vy, step, canvas, topLeft } = golden.movingMnistTrajectory;
    assert.deepEqual(trajectory({ x: x0, y: y0, vx, vy }, topLeft.length, step, canvas), topLeft);
  });

  it('by hand: it stops at a border for a frame, and what would lie beyond is not reflected', () => {
    const way = trajectory({ x: 0.9, y: 0.5, vx: 1, vy: 0 }, 3, 0.25, 100);
    assert.deepEqual(way, [[50, 100], [50, 75], [50, 50]]); // prettier-ignore
  });
});

describe('glyphs', () => {
  it('are ten different digits of 5×7 dots', () => {
    const { images } = glyphDigits(7);
    assert.equal(new Set(images.map((image) => image.join())).size, 10);
    // The outer columns of the 7 are empty.
    for (const image of images) assert.ok(image.every((value, i) => value === 0 || (i % 7 > 0 && i % 7 < 6)));
  });

  it('grow by whole dots, in the middle', () => {
    const [small, large] = [glyphDigits(7).images[4]!, glyphDigits(30).images[4]!];
    // Dots of 4 pixels, with a pixel above and 5 to the left of the 20 columns.
    for (let y = 0; y < 28; y++) {
      for (let x = 0; x < 20; x++) {
        assert.equal(large[(1 + y) * 30 + 5 + x], small[Math.floor(y / 4) * 7 + 1 + Math.floor(x / 4)]);
      }
    }
    const sum = (image: Float32Array) => image.reduce((a, b) => a + b);
    assert.equal(sum(large), 16 * sum(small));
    assert.throws(() => glyphDigits(6), RangeError);
  });
});

const options = { digits: glyphDigits(7), canvas: 16, count: 1, step: 0.1, seed: 3, part: 'train' } as const;

describe('videos of moving digits', () => {
  it('are the same by their numbers, whoever asks, and others for another seed or part', () => {
    const all = new MovingDigits(options).videos(0, 4, 5);
    const later = new MovingDigits(options).videos(2, 2, 5);
    const size = 256;
    for (let t = 0; t < 5; t++) {
      const both = all.subarray((t * 4 + 2) * size, (t * 4 + 4) * size);
      assert.deepEqual(later.subarray(t * 2 * size, (t + 1) * 2 * size), both);
    }
    assert.notDeepEqual(new MovingDigits({ ...options, seed: 4 }).videos(0, 4, 5), all);
    assert.notDeepEqual(new MovingDigits({ ...options, part: 'validation' }).videos(0, 4, 5), all);
  });

  it('show each digit whole, and all ten before one comes again', () => {
    const sums = options.digits.images.map((image) => image.reduce((a, b) => a + b)).sort((a, b) => a - b);
    const videos = new MovingDigits(options).videos(0, 20, 2);
    for (const t of [0, 1]) {
      for (const pass of [0, 10]) {
        const found = Array.from({ length: 10 }, (_, i) => {
          const from = (t * 20 + pass + i) * 256;
          return videos.subarray(from, from + 256).reduce((a, b) => a + b);
        });
        assert.deepEqual(
          found.sort((a, b) => a - b),
          sums,
        );
      }
    }
  });

  it('show the brighter pixel where digits overlap', () => {
    const grey = { side: 16, images: [0.5, 0.25].map((value) => new Float32Array(256).fill(value)) };
    const videos = new MovingDigits({ ...options, digits: grey, count: 2 }).videos(0, 1, 1);
    assert.deepEqual(videos, new Float32Array(256).fill(0.5));
    assert.throws(() => new MovingDigits({ ...options, canvas: 6 }), RangeError);
  });
});
