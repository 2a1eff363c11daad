import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configSchema } from '../../../src/config/schema.js';
import { UsageError } from '../../../src/system/errors.js';
import { shapeAt } from '../../../src/train/schedule/fidelity.js';
import { learningRate } from '../../../src/train/schedule/learning-rate.js';
import { planStage } from '../../../src/train/schedule/planned-steps.js';

/** The paper's data: ActivityNet's 9,649 training videos, 604 batches of 16. */
const paper = (joint: object = {}) => configSchema.parse({ data: { trainVideos: 9649 }, joint });
const assertNear = (actual: number, expected: number) => {
  assert.ok(Math.abs(actual - expected) < 1e-12 * expected, `${actual}, not ${expected}`);
};

test('learning rate: warm-up from a tenth, then steps down, right at their epochs', () => {
  const schedule = { epochs: 9, lr: 0.4, lrSchedule: 'steps' as const, lrSteps: [4, 8], lrGamma: 0.5, warmupEpochs: 2 };
  const expected: [epoch: number, lr: number][] = [
    [0, 0.04],
    [1, 0.22],
    [1.999_999, 0.4 * (0.1 + 0.45 * 1.999_999)],
    [2, 0.4],
    [3.99, 0.4],
    [4, 0.2],
    [7.5, 0.2],
    [8, 0.1],
    [100, 0.1],
  ];
  for (const [epoch, lr] of expected) assertNear(learningRate(schedule, epoch), lr);
  assertNear(learningRate({ ...schedule, warmupEpochs: 0 }, 0), 0.4);
  assertNear(learningRate({ ...schedule, lrSteps: [] }, 50), 0.4);
});

test('learning rate: warm-up from nothing, then half a cosine to nothing', () => {
  const schedule = { epochs: 30, lr: 0.4, lrSchedule: 'cosine' as const, lrSteps: [4], lrGamma: 0.5, warmupEpochs: 5 };
  const near = (epoch: number, lr: number) => {
    assert.ok(Math.abs(learningRate(schedule, epoch) - lr) < 1e-12, `${epoch}: ${learningRate(schedule, epoch)}`);
  };
  near(0, 0);
  near(1, 0.08);
  near(5, 0.4);
  // A third of the way down: (1 + cos 60°) / 2.
  near(5 + 25 / 3, 0.3);
  near(17.5, 0.2);
  near(30, 0);
  assert.equal(learningRate({ ...schedule, warmupEpochs: 0 }, 0), 0.4);
});

test('long cycle: one shape an epoch, in the order of the paper (docs/method.md §2.3)', () => {
  const { joint } = paper();
  const shapes = [0, 1, 2, 3, 4, 5].map((epoch) => shapeAt(joint, epoch, epoch * 604 + 603));
  const [one, two, three] = [
    { snippets: 100, size: 112 },
    { snippets: 25, size: 224 },
    { snippets: 50, size: 158 },
  ];
  assert.deepEqual(shapes, [one, two, three, one, two, three]);
  const slow = paper({ cycle: { length: 2 } }).joint;
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 6].map((epoch) => shapeAt(slow, epoch, 0).snippets),
    [100, 100, 25, 25, 50, 50, 100],
  );
});

test('short cycle: every 16 batches, counted over the whole run', () => {
  const { joint } = paper({ cycle: { unit: 'batch', length: 16 } });
  const snippets = (step: number) => shapeAt(joint, Math.floor(step / 604), step).snippets;
  assert.deepEqual([0, 15, 16, 31, 32, 47, 48].map(snippets), [100, 100, 25, 25, 50, 50, 100]);
  // A new epoch does not restart the cycle: 604 = 37 · 16 + 12.
  assert.deepEqual([603, 604, 607, 608].map(snippets), [25, 25, 25, 50]);
});

test('the plan of the paper: shapes, rates and steps of 15 epochs (docs/method.md §2.1, §2.2)', () => {
  const plan = planStage(paper(), 'joint');
  assert.equal(plan.length, 15 * 604);
  assert.deepEqual(plan[0], { step: 0, epoch: 0, snippets: 100, size: 112, batch: 16, lr: 0.1 });
  assert.deepEqual(plan.at(-1), { step: 9059, epoch: 14, snippets: 50, size: 158, batch: 16, lr: 0.025 });
  const rates = [...new Set(plan.map(({ epoch, lr }) => `${epoch} ${lr}`))];
  assert.deepEqual(rates.slice(3, 7), ['3 0.1', '4 0.1', '5 0.05', '6 0.05']);
  assert.equal(plan.filter(({ batch }) => batch !== 16).length, 0);
  for (const size of [112, 224, 158]) assert.equal(plan.filter((step) => step.size === size).length, 5 * 604);
  assert.deepEqual(planStage(paper(), 'joint', 3), plan.slice(0, 3));
  assert.equal(planStage(paper(), 'joint', 10_000).length, 10_000);
});

test('the plan of stage 1: a clip is one snippet; the last batch of an epoch may be smaller', () => {
  const config = configSchema.parse({ data: { trainVideos: 17 }, pretrain: { batch: 8, epochs: 2, lrSteps: [1] } });
  const plan = planStage(config, 'pretrain');
  assert.deepEqual(
    plan.map(({ epoch }) => epoch),
    [0, 0, 0, 1, 1, 1],
  );
  assert.deepEqual(plan[3], { step: 3, epoch: 1, snippets: 1, size: 224, batch: 8, lr: 0.02 * 0.1 });
});

test('the plan of stage 1 by multigrid, as large as Kinetics-400: shape by shape, every clip once an epoch', () => {
  const clips = 240_000;
  const config = configSchema.parse({
    data: { trainVideos: clips },
    encoder: { frames: 32 },
    pretrain: { batch: 64, epochs: 239, lr: 0.1, lrSteps: [94, 154, 196], multigrid: {} },
  });
  const plan = planStage(config, 'pretrain');
  // Epochs of each shape (docs/method.md §5.4) and batches per epoch: 240,000 clips by cycles of
  // 2048, 1024, 896 and 448 clips.
  const epochs = [73 + 47 + 32, 37 + 23 + 17, 32 + 20 + 14, 16 + 11 + 7 + 29];
  const batches = [3 * 117 + 1, 3 * 234 + 1, 3 * 267 + 2, 3 * 535 + 2];
  assert.equal(
    plan.length,
    epochs.reduce((total, n, shape) => total + n * batches[shape]!, 0),
  );
  assert.deepEqual(plan.slice(0, 3), [
    { step: 0, epoch: 0, snippets: 1, size: 112, batch: 1024, lr: 0.8, frames: 8 },
    { step: 1, epoch: 0, snippets: 1, size: 158, batch: 512, lr: 0.8, frames: 8 },
    { step: 2, epoch: 0, snippets: 1, size: 158, batch: 512, lr: 0.8, frames: 8 },
  ]);
  const end = plan.at(-1)!;
  assert.deepEqual([end.step, end.epoch, end.frames], [plan.length - 1, 357, 32]);
  assertNear(end.lr, 1e-4);
  assert.ok(plan.every(({ step }, i) => step === i));
  assert.deepEqual(planStage(config, 'pretrain', 5), plan.slice(0, 5));
  assert.equal(planStage(config, 'pretrain', plan.length + 7).at(-1)!.epoch, 358);
  assert.equal(planStage(config, 'joint', 1)[0]!.frames, undefined);
});

test('without data.trainVideos there is no plan', () => {
  assert.throws(
    () => planStage(configSchema.parse({}), 'joint'),
    (error) => error instanceof UsageError && error.message.includes('data.trainVideos'),
  );
});
