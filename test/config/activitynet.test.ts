import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.js';
import { planStage } from '../../src/train/schedule/planned-steps.js';

const plan = (name: string) => planStage(loadConfig(`configs/activitynet/lofi-${name}.yaml`).config, 'joint');
const shapesOf = (name: string) => plan(name).map(({ snippets, size }) => `${snippets}x${size}`);
const paper = ['100x112', '25x224', '50x158'];
/** ⌈9649 / 16⌉ */
const perEpoch = 604;

void test('long: one shape an epoch, in the order I, II, III; batch 16; lr 0.1 halved every 5 epochs', () => {
  const steps = plan('long');
  assert.equal(steps.length, 15 * perEpoch);
  for (const { step, epoch, snippets, size, batch, lr } of steps) {
    assert.equal(epoch, Math.floor(step / perEpoch));
    assert.equal(`${snippets}x${size}`, paper[epoch % 3]);
    assert.equal(batch, 16);
    assert.equal(lr, 0.1 * 0.5 ** Math.floor(epoch / 5));
  }
});

void test('short: the next shape after every 16 batches, counted over the whole run', () => {
  shapesOf('short').forEach((shape, step) => {
    assert.equal(shape, paper[Math.floor(step / 16) % 3]);
  });
});

void test('spatial, temporal and both: one shape throughout', () => {
  for (const [name, shape] of [
    ['s', paper[0]],
    ['t', paper[1]],
    ['st', paper[2]],
  ] as const) {
    assert.deepEqual([...new Set(shapesOf(name))], [shape]);
  }
});
