import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configSchema } from '../../../src/config/schema.js';
import { clipShapes } from '../../../src/stages/estimate/clip-shapes.js';

const shapesOf = (pretrain: object) => clipShapes(configSchema.parse({ encoder: { frames: 8 }, pretrain }));

void test('one shape, as many clips at once as a micro-batch has', () => {
  assert.deepEqual(shapesOf({ batch: 12, size: 64 }), [{ frames: 8, size: 64, batch: 12, atOnce: 12 }]);
  assert.deepEqual(shapesOf({ batch: 12, size: 64, microBatch: 5 }), [{ frames: 8, size: 64, batch: 12, atOnce: 5 }]);
  assert.deepEqual(shapesOf({ batch: 12, size: 64, microBatch: 50 }), [{ frames: 8, size: 64, batch: 12, atOnce: 12 }]);
});

void test("multigrid's shapes, batches and the groups that they are normalised in, by hand", () => {
  const longFactors = [
    { frames: 0.5, size: 1 },
    { frames: 1, size: 1 },
  ];
  const multigrid = { longFactors, shortFactors: [0.5], batchNormBase: 4 };
  // Half the frames: batches of twice 8 clips in 4 groups; all frames: of 8 clips in 2. The short cycle's frames have a
  // quarter of the pixels, so that batch and groups have four times the clips.
  const plan = [
    { frames: 4, size: 32, batch: 64, atOnce: 16 },
    { frames: 4, size: 64, batch: 16, atOnce: 4 },
    { frames: 8, size: 32, batch: 32, atOnce: 16 },
    { frames: 8, size: 64, batch: 8, atOnce: 4 },
  ];
  const options = { batch: 8, size: 64, epochs: 40, lrSteps: [20] };
  assert.deepEqual(shapesOf({ ...options, multigrid }), plan);
  // Micro-batches are not for multigrid: its groups are.
  assert.deepEqual(shapesOf({ ...options, multigrid, microBatch: 1 }), plan);
});

void test('of a shape that comes in several batches, the largest counts', () => {
  const longFactors = [
    { frames: 1, size: 0.5 },
    { frames: 1, size: 1 },
  ];
  const multigrid = { longFactors, shortFactors: [0.5], batchNormBase: 8 };
  // 32 pixels are the long cycle's first shape, in batches of 4 × 8, and the short cycle's, as large.
  assert.deepEqual(shapesOf({ batch: 8, size: 64, epochs: 40, lrSteps: [20], multigrid }), [
    { frames: 8, size: 32, batch: 32, atOnce: 32 },
    { frames: 8, size: 64, batch: 8, atOnce: 8 },
  ]);
});

void test('a plan that does not fit the rate is refused', () => {
  assert.throws(() => shapesOf({ lrSteps: [], multigrid: {} }), /pretrain\.multigrid/);
});
