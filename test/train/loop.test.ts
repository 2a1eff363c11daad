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
async function* late(epoch: number, from: number): AsyncGenerator<Items> {
  for (const i of [0, 1].slice(from)) {
    await sleep(30);
    yield { ids: [`e${epoch}b${i}`, 'second', 'third', 'fourth'], value: 10 * epoch + i };
  }
}

/** A rate equal to the time for which it was asked. */
const pace = { epochs: 2, steps: () => 2, rate: (time: number) => time };

function training(change: Partial<Training<Items>>): Training<Items> {
  return {
    title: 'joint',
    pace,
    from: { epochs: 0, batches: 0 },
    batches: late,
    step: ({ value }) => ({ loss: value, terms: { twice: 2 * value }, lr: 0.1, shape: '8x32' }),
    onStep: () => undefined,
    afterStep: () => undefined,
    afterEpoch: () => Promise.resolve(),
    stop: new AbortController().signal,
    stallSeconds: 60,
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
  const onStep = ({ step }: StepRecord) => seen.push(step);
  await trainLoop(training({ from: { epochs: 1, batches: 0 }, onStep }));
  assert.deepEqual(seen, [3, 4]);
  await trainLoop(training({ from: { epochs: 2, batches: 0 }, onStep: () => assert.fail() }));
});

test('going on within an epoch: its other batches, at the rate and the place that they have in it', async () => {
  const events: unknown[] = [];
  await trainLoop(
    training({
      from: { epochs: 0, batches: 1 },
      step(batch, { epoch, step, lr }) {
        events.push([batch.ids[0], epoch, step, lr]);
        return { loss: 1, terms: {}, lr };
      },
      afterStep: (position, step) => void events.push([position, step]),
    }),
  );
  assert.deepEqual(events.slice(0, 3), [
    ['e0b1', 0, 1, 0.5],
    [{ epochs: 0, batches: 2 }, 2],
    ['e1b0', 1, 2, 1],
  ]);
  assert.equal(events.length, 6);
});

test('going on after the last batch of an epoch, before what follows it', async () => {
  const events: string[] = [];
  await trainLoop(
    training({
      from: { epochs: 1, batches: 2 },
      step: () => assert.fail(),
      afterEpoch: (epoch, step) => Promise.resolve(void events.push(`after ${epoch} ${step}`)),
    }),
  );
  assert.deepEqual(events, ['after 1 4']);
});

test('told to stop, it ends with the step that it is in, and where no batch comes, at once', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const events: string[] = [];
  await assert.rejects(
    trainLoop(
      training({
        stop: controller.signal,
        step(_, { step }) {
          controller.abort(reason);
          return { loss: step, terms: {}, lr: 1 };
        },
        onStep: ({ step }) => events.push(`step ${step}`),
        afterStep: (_, step) => void events.push(`after ${step}`),
      }),
    ),
    reason,
  );
  assert.deepEqual(events, ['step 1', 'after 1']);
});

test('a batch of which nothing could be read has its place in the schedule and takes no step', async () => {
  const events: unknown[] = [];
  async function* holed(epoch: number): AsyncGenerator<Items> {
    for await (const batch of late(epoch, 0)) yield { ...batch, ids: batch.value === 0 ? [] : batch.ids };
  }
  await trainLoop(
    training({
      batches: holed,
      onStep: ({ step }) => events.push(step),
      afterStep: (_, step) => void events.push([step]),
    }),
  );
  assert.deepEqual(events, [[1], 2, [2], 3, [3], 4, [4]]);
});

test('says that no batch comes, and which keys to look at', async (t) => {
  const lines: string[] = [];
  t.mock.method(process.stderr, 'write', (line: string) => lines.push(line));
  await trainLoop(training({ stallSeconds: 0.01 }));
  assert.ok(lines.length >= 4);
  for (const line of lines)
    assert.match(line, /^WARNING: joint: no batch for 0\.01 s\..*data\.stallSeconds.*data\.processes/);
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
