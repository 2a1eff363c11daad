import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../src/engine/backend.js';
import { WorkError } from '../../src/system/errors.js';
import { trainLoop, type Batch, type StepRecord, type Training } from '../../src/train/loop.js';

await startEngine();

interface Items extends Batch {
  value: number;
}

/** Two batches an epoch, each 30 ms late. */
async function* late(epoch: number): AsyncGenerator<Items> {
  for (const i of [0, 1]) {
    await sleep(30);
    yield { ids: [`e${epoch}b${i}`, 'second', 'third', 'fourth'], value: 10 * epoch + i };
  }
}

/** The rate tells the time it was asked for. */
const pace = { epochs: 2, steps: () => 2, rate: (time: number) => time };

function training(change: Partial<Training<Items>>): Training<Items> {
  return {
    title: 'joint',
    pace,
    done: 0,
    batches: late,
    step: ({ value }) => ({ loss: value, terms: { twice: 2 * value }, lr: 0.1, shape: '8x32' }),
    onStep: () => undefined,
    afterEpoch: () => Promise.resolve(),
    ...change,
  };
}

test('steps and epochs in order, each recorded with what it took', async () => {
  const records: StepRecord[] = [];
  const events: string[] = [];
  await trainLoop(
    training({
      step(batch, { epoch, step, lr }) {
        events.push(`step ${epoch} ${step} at ${lr}`);
        const until = performance.now() + 20;
        while (performance.now() < until);
        return { loss: batch.value, terms: {}, lr: 0.1, shape: '8x32' };
      },
      onStep: (record) => records.push(record),
      afterEpoch: (epoch, step) => {
        events.push(`after ${epoch} ${step}`);
        return Promise.resolve();
      },
    }),
  );
  assert.deepEqual(events, [
    'step 0 0 at 0',
    'step 0 1 at 0.5',
    'after 0 2',
    'step 1 2 at 1',
    'step 1 3 at 1.5',
    'after 1 4',
  ]);
  assert.deepEqual(
    records.map(({ step, epoch, loss, lr, shape }) => ({ step, epoch, loss, lr, shape })),
    [0, 1, 10, 11].map((loss, i) => ({ step: i + 1, epoch: 1 + Math.floor(i / 2), loss, lr: 0.1, shape: '8x32' })),
  );
  for (const { wait, seconds, rssMiB, tensors, time } of records) {
    assert.ok(wait >= 0.025 && wait < 5, `waited ${wait}`);
    assert.ok(seconds >= wait + 0.018, `${seconds} of which ${wait} waiting`);
    assert.ok(rssMiB > 10 && Number.isInteger(tensors));
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000);
  }
});

test('going on: epochs and steps count from where they were', async () => {
  const seen: number[] = [];
  await trainLoop(training({ done: 1, onStep: ({ step }) => seen.push(step) }));
  assert.deepEqual(seen, [3, 4]);
  await trainLoop(training({ done: 2, onStep: () => assert.fail() }));
});

for (const loss of [NaN, Infinity, -Infinity]) {
  test(`a loss of ${loss} stops the training, naming the batch and what to do`, async () => {
    const records: StepRecord[] = [];
    await assert.rejects(
      trainLoop(
        training({
          step: ({ value }) => ({ loss: value === 1 ? loss : value, terms: {}, lr: 1 }),
          onStep: (record) => records.push(record),
        }),
      ),
      (error) =>
        error instanceof WorkError &&
        error.message.startsWith(`joint: the loss is ${loss} at step 2 (e0b1, second, third`) &&
        /joint\.lr|joint\.clipNorm/.test(error.message),
    );
    assert.equal(records.length, 1);
  });
}

test('a step that leaves tensors behind stops the training; the constants of a new shape do not', async () => {
  const leaked: tf.Tensor[] = [];
  const leaking = (when: (step: number) => boolean, shapes: string[]) =>
    trainLoop(
      training({
        step(_, { step }) {
          if (when(step)) leaked.push(tf.scalar(step));
          return { loss: 1, terms: {}, lr: 1, shape: shapes[step]! };
        },
      }),
    );
  await leaking((step) => step === 0 || step === 2, ['8x32', '8x32', '4x64', '8x32']);
  await assert.rejects(
    leaking((step) => step === 1, ['8x32', '8x32', '8x32', '8x32']),
    (error) => error instanceof WorkError && /a step left 1 tensors behind/.test(error.message),
  );
  tf.dispose(leaked);
});
