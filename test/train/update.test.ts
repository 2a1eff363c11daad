import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../src/engine/backend.js';
import { randomStream } from '../../src/engine/random.js';
import { Classifier, crossEntropies, meanLoss } from '../../src/models/classifier.js';
import { resnet18 } from '../../src/models/encoders/resnet.js';
import { setBatchNormMode, type BatchNormMode } from '../../src/models/layers/batch-norm-layer.js';
import { Parameters } from '../../src/models/parameters.js';
import { UsageError } from '../../src/system/errors.js';
import { sgd } from '../../src/train/optimizers/optimizers.js';
import { tsmRules, uniformRules } from '../../src/train/optimizers/parameter-rules.js';
import { disposeParts, swapAverages, trainedParts, type TrainedPart } from '../../src/train/trained-parts.js';
import type { Forward } from '../../src/train/compute/compute.js';
import type { MicroBatch } from '../../src/train/ranks/division.js';
import { microBatches, undivided } from '../../src/train/ranks/division.js';
import { update } from '../../src/train/update.js';
import { assertClose, seededArray } from '../support/numeric.js';

await startEngine();

const items = 5;
const frames = seededArray(items * 2 * 16 * 16 * 3, 'frames', 0, 255);
const labels = [0, 2, 1, 2, 0];

/** A narrow TSM-ResNet-18 with its classifier, and their loss on clips of 2 frames of 16 pixels. */
function network(batchNorm: BatchNormMode, ema = 0) {
  const encoder = resnet18({ width: 4, shift: 4 });
  const classifier = new Classifier(encoder.channels, 3, 0.1);
  const parameters = new Parameters(encoder.parameters, randomStream(1));
  const classifierParameters = new Parameters(classifier.parameters, randomStream(2));
  const normalization = setBatchNormMode(parameters, batchNorm);
  const rules = (of: Parameters) => tsmRules(of.specs, { weightDecay: 1e-3, classifierLr: 5 });
  const parts = trainedParts(
    'pretrain',
    { lrFactors: {}, ema },
    {
      encoder: { parameters, rules: rules(parameters) },
      classifier: { parameters: classifierParameters, rules: rules(classifierParameters) },
    },
    (of, by) => sgd(of, by, 0.9),
  );
  const record = ({ from, to }: MicroBatch) => {
    const each = 2 * 16 * 16 * 3;
    const x = tf.tensor(frames.slice(from * each, to * each), [to - from, 1, 2, 16, 16, 3]);
    return encoder.record(x, { parameters, normalization, onStatistics: parts.encoder.statistics.collect });
  };
  const loss = ({ from, to }: MicroBatch, features: tf.Tensor3D) => {
    const logits = classifier.logits(tf.reshape(features, [to - from, -1]), {
      parameters: classifierParameters,
      normalization: 'running',
    });
    const { total, items } = meanLoss(crossEntropies(logits, labels.slice(from, to)));
    return { total, items, terms: { twice: tf.mul<tf.Scalar>(total, 2) } };
  };
  const forward: Forward = { through: 'encoder', record, loss };
  const dispose = () => {
    disposeParts(parts);
    for (const { parameters } of Object.values(parts)) parameters.dispose();
  };
  return { parts, forward, dispose };
}

const tensorsOf = (parts: Record<string, TrainedPart>) =>
  new Map(
    Object.entries(parts).flatMap(([part, { parameters }]) =>
      parameters.specs.map(({ name }) => [`${part}.${name}`, parameters.get(name).dataSync()] as const),
    ),
  );

test('gradients of micro-batches add up to those of the whole batch where normalisation is frozen', () => {
  const whole = network('frozen');
  const micro = network('frozen');
  const before = tensorsOf(whole.parts);
  for (const step of [0, 1, 2]) {
    const at = { step, lr: 0.01 };
    const one = update(whole.parts, undivided([items]), 20, at, whole.forward);
    const two = update(micro.parts, undivided(microBatches(items, 2)), 20, at, micro.forward);
    assertClose([two.loss, two.terms['twice']!], [one.loss, 2 * one.loss], 1e-6);
  }
  const expected = tensorsOf(whole.parts);
  for (const [name, values] of tensorsOf(micro.parts)) {
    assertClose(values, expected.get(name)!, 1e-6, name);
    const still = /running_|\.mean$|\.deviation$/.test(name);
    assert.equal(Buffer.compare(Buffer.from(values.buffer), Buffer.from(before.get(name)!.buffer)) === 0, still, name);
  }
  for (const { parts } of [whole, micro]) disposeParts(parts);
});

test('micro-batches are as large as they may be', () => {
  assert.deepEqual(microBatches(5, 2), [2, 2, 1]);
  assert.deepEqual(microBatches(4, 2), [2, 2]);
  assert.deepEqual(microBatches(3, 8), [3]);
  assert.deepEqual(microBatches(3, null), [3]);
});

test('the number of tensors stays from step to step, whatever is kept, and falls back at the end', () => {
  const start = tf.memory().numTensors;
  const { parts, forward, dispose } = network('train', 0.9);
  const held = tf.memory().numTensors;
  for (const step of [0, 1, 2]) {
    update(parts, undivided(microBatches(items, 2)), 1, { step, lr: 0.01 }, forward);
    assert.equal(tf.memory().numTensors, held, `step ${step}`);
    swapAverages(parts);
    swapAverages(parts);
    assert.equal(tf.memory().numTensors, held, `step ${step}, swapped`);
  }
  dispose();
  assert.equal(tf.memory().numTensors, start);
});

test('running statistics move once a step, by those of all its micro-batches', () => {
  const statistics = (microBatch: number | null) => {
    const { parts, forward } = network('train');
    // Items 0 and 1 alone: micro-batches of one of them each, or both.
    update(parts, undivided(microBatches(2, microBatch)), 0, { step: 0, lr: 1e-9 }, forward);
    const mean = [...parts.encoder.parameters.get('bn1.running_mean').dataSync()];
    disposeParts(parts);
    return mean;
  };
  const whole = statistics(null);
  assert.ok(whole.every((mean) => mean !== 0));
  assertClose(statistics(1), whole, 1e-5);
});

test('an average changes nothing of the training itself', () => {
  const [plain, averaged] = [network('train'), network('train', 0.5)];
  for (const { parts, forward } of [plain, averaged]) {
    for (const step of [0, 1]) update(parts, undivided(microBatches(items, 3)), 20, { step, lr: 0.05 }, forward);
  }
  const trained = tensorsOf(plain.parts);
  assert.deepEqual(tensorsOf(averaged.parts), trained);
  swapAverages(averaged.parts);
  swapAverages(plain.parts);
  assert.deepEqual(tensorsOf(plain.parts), trained);
  assert.notDeepEqual(tensorsOf(averaged.parts).get('encoder.conv1.weight'), trained.get('encoder.conv1.weight'));
  for (const { parts } of [plain, averaged]) disposeParts(parts);
});

test('frozen-affine: scale and offset stay, have no slot, and count for no factor', () => {
  const { parts, forward } = network('frozen-affine');
  const before = tensorsOf(parts);
  update(parts, undivided([items]), 0, { step: 0, lr: 0.1 }, forward);
  for (const [name, values] of tensorsOf(parts)) {
    const still = /bn\d|downsample\.1|\.mean$|\.deviation$/.test(name);
    assert.equal(Buffer.compare(Buffer.from(values.buffer), Buffer.from(before.get(name)!.buffer)) === 0, still, name);
  }
  assert.ok(![...parts.encoder.optimizer.slots().keys()].some((slot) => slot.includes('bn1')));
  const { parameters } = parts.encoder;
  assert.throws(
    () =>
      trainedParts(
        'joint',
        { lrFactors: { 'encoder.bn1': 2 }, ema: 0 },
        { encoder: { parameters, rules: uniformRules(parameters.specs, 0) } },
        (of, by) => sgd(of, by, 0),
      ),
    (error) => error instanceof UsageError && error.message.startsWith('joint.lrFactors: no trained parameter begins'),
  );
  disposeParts(parts);
});

test('losses of single items come where they are wanted, in order, and change no bit of the rest', () => {
  const [plain, watched] = [network('frozen'), network('frozen')];
  const at = { step: 0, lr: 0.01 };
  const one = update(plain.parts, undivided(microBatches(items, 2)), 20, at, plain.forward);
  const two = update(watched.parts, undivided(microBatches(items, 2)), 20, at, watched.forward, { perItem: true });
  assert.equal(one.items, null);
  assert.equal(two.items!.length, items);
  assertClose([two.items!.reduce((a, b) => a + b, 0) / items], [one.loss], 1e-6);
  assert.equal(two.loss, one.loss);
  assert.deepEqual(tensorsOf(watched.parts), tensorsOf(plain.parts));
  // Item by item, each in a batch of its own.
  for (const item of [0, 3]) {
    const alone = network('frozen');
    const shifted: Forward = {
      through: 'encoder',
      record: ({ from, to, ...at }) => alone.forward.record({ ...at, from: from + item, to: to + item }),
      loss: ({ from, to, ...at }, features) =>
        alone.forward.loss({ ...at, from: from + item, to: to + item }, features),
    };
    assertClose([two.items![item]!], [update(alone.parts, undivided([1]), 0, { step: 0, lr: 0 }, shifted).loss], 1e-5);
    alone.dispose();
  }
  for (const { dispose } of [plain, watched]) dispose();
});

test('weighted items: gradients are those of the weighted mean, and the loss stays the plain mean', () => {
  const at = { step: 0, lr: 0.05 };
  const run = (weights: number[] | undefined, sizes: readonly number[]) => {
    const { parts, forward, dispose } = network('frozen');
    const before = tf.memory().numTensors;
    const result = update(parts, undivided(sizes), 0, at, forward, { perItem: true, weights });
    assert.equal(tf.memory().numTensors - before, 0);
    const tensors = tensorsOf(parts);
    dispose();
    return { ...result, tensors };
  };
  const plain = run(undefined, [items]);
  const ones = run([1, 1, 1, 1, 1], [items]);
  assert.equal(plain.weighted, plain.loss);
  assertClose([ones.weighted], [plain.loss], 1e-6);
  for (const [name, values] of plain.tensors) assertClose(ones.tensors.get(name)!, values, 1e-5, name);

  const weights = [2, 0.5, 0, 1, 1.5];
  const weighted = run(weights, [items]);
  assertClose([weighted.loss], [plain.loss], 1e-6);
  assertClose([weighted.weighted], [weights.reduce((sum, w, i) => sum + (w * plain.items![i]!) / items, 0)], 1e-6);
  const micro = run(weights, microBatches(items, 2));
  for (const [name, values] of weighted.tensors) assertClose(micro.tensors.get(name)!, values, 1e-5, name);
  // All the weight on one item: the step that it takes alone, where all its weight is 1.
  const one = run([0, 0, 0, items, 0], [items]);
  const alone = network('frozen');
  const third: Forward = {
    through: 'encoder',
    record: (micro) => alone.forward.record({ ...micro, from: 3, to: 4 }),
    loss: (micro, features) => alone.forward.loss({ ...micro, from: 3, to: 4 }, features),
  };
  update(alone.parts, undivided([1]), 0, at, third);
  for (const [name, values] of tensorsOf(alone.parts)) assertClose(one.tensors.get(name)!, values, 1e-5, name);
  alone.dispose();
});

test('a step that fails leaves no tensor behind', () => {
  const { parts, forward, dispose } = network('train', 0.9);
  const held = tf.memory().numTensors;
  const failing = (after: number): Forward => {
    let calls = 0;
    const own = forward;
    return {
      ...own,
      loss: (micro, features) => {
        if (++calls > after) throw new Error('out of memory');
        return own.loss(micro, features);
      },
    };
  };
  for (const after of [0, 1, 2]) {
    assert.throws(
      () => update(parts, undivided(microBatches(items, 2)), 1, { step: 0, lr: 0.01 }, failing(after)),
      /out of memory/,
    );
    for (const { statistics } of Object.values(parts)) statistics.dispose();
    assert.equal(tf.memory().numTensors, held, `after ${after} micro-batches`);
  }
  dispose();
});
