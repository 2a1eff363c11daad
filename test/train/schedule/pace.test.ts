import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configSchema } from '../../../src/config/schema.js';
import { multigridPace, multigridPlan } from '../../../src/train/schedule/multigrid.js';
import { evenPace, stepsBefore } from '../../../src/train/schedule/pace.js';

test('an even pace: every epoch is all items once, the last batch smaller', () => {
  const options = {
    epochs: 6,
    batch: 4,
    lr: 0.2,
    lrSchedule: 'steps' as const,
    lrSteps: [3],
    lrGamma: 0.1,
    warmupEpochs: 1,
  };
  const pace = evenPace(options, 9);
  assert.equal(pace.epochs, 6);
  assert.deepEqual([0, 5].map(pace.steps), [3, 3]);
  assert.equal(stepsBefore(pace, 0), 0);
  assert.equal(stepsBefore(pace, 6), 18);
  for (const [time, rate] of [
    [0, 0.02],
    [0.5, 0.11],
    [1, 0.2],
    [2.99, 0.2],
    [3, 0.02],
  ] as const)
    assert.ok(Math.abs(pace.rate(time) - rate) < 1e-12, `${time}`);
});

test("multigrid's pace: fewer steps where batches are larger, the rate grown with them", () => {
  const { pretrain, encoder } = configSchema.parse({
    encoder: { frames: 8 },
    pretrain: { epochs: 12, batch: 2, lrSteps: [8], lr: 0.1, multigrid: { shortCycle: false, epochFactor: 1 } },
  });
  const plan = multigridPlan(pretrain.multigrid!, { ...pretrain, ...encoder });
  const pace = multigridPace(plan, pretrain, 96);
  assert.equal(pace.epochs, 12);
  // Batches of 2 × 8, 4, 2, 1 clips in turn.
  const growths = plan.map(({ lr, cycle }) => [Math.round(lr * 100) / 100, cycle[0]!.batch]);
  assert.deepEqual(growths, [
    [8, 16],
    [4, 8],
    [2, 4],
    [1, 2],
    [1, 2],
    [0.1, 2],
  ]);
  assert.equal(pace.steps(0), 6);
  assert.equal(pace.steps(11), 48);
  assert.ok(Math.abs(pace.rate(0) - 0.8) < 1e-12);
  assert.ok(Math.abs(pace.rate(11.5) - 0.01) < 1e-12);
});
