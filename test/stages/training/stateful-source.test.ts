import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { RunStore } from '../../../src/checkpoints/run-store.js';
import { hashTensors } from '../../../src/checkpoints/formats/tensor.js';
import { randomStream } from '../../../src/engine/random.js';
import { Classifier, crossEntropies, meanLoss } from '../../../src/models/classifier.js';
import { Parameters } from '../../../src/models/parameters.js';
import { goOn } from '../../../src/stages/run/policy.js';
import { openRun, type Run } from '../../../src/stages/run/run.js';
import { stateOf } from '../../../src/stages/training/stage-progress.js';
import type { TrainingPlan } from '../../../src/stages/training/training-plan.js';
import { trainStage } from '../../../src/stages/training/train-stage.js';
import { Owned } from '../../../src/system/owned.js';
import type { BatchSource, SourceState } from '../../../src/train/batches/batch-source.js';
import type { Draw } from '../../../src/train/batches/draw.js';
import { optimizerOf } from '../../../src/train/optimizers/optimizer-of.js';
import { uniformRules } from '../../../src/train/optimizers/parameter-rules.js';
import { ownedParts } from '../../../src/train/trained-parts.js';
import { npy } from '../../support/feature-files.js';
import { published, writeAnnotations, writeFeatures } from '../../support/feature-runs.js';
import { temporaryFolder } from '../../support/temporary.js';

const items = 10;
const perEpoch = 7;
const epochs = 3;

interface ItemBatch {
  ids: string[];
  numbers: number[];
  drawn: Draw;
}

/**
 * A sampler that learns: items of a high loss come more often. It remembers the mean of each item's losses in an array,
 * and how often it has moved as a number; its state moves after every third batch.
 */
function lossySource(asked: string[]): BatchSource<ItemBatch> {
  return {
    initial: { values: { moves: 0 }, tensors: new Map([['mean', { shape: [items], data: new Float32Array(items) }]]) },
    every: 3,
    // eslint-disable-next-line @typescript-eslint/require-await -- nothing is read
    async *batches({ values, tensors }, epoch, from, to) {
      const { moves } = values as { moves: number };
      const { data } = tensors.get('mean')!;
      asked.push(`${epoch}: ${from}-${to}`);
      const ranked = Array.from(data, (_, i) => i).sort((a, b) => data[b]! - data[a]! || a - b);
      for (let i = from; i < to; i++) {
        const random = randomStream(1, 'lossy', epoch, i, moves);
        const numbers = Array.from({ length: 4 }, () => ranked[Math.min(random.below(items), random.below(items))]!);
        const drawn = { items: numbers.map((item) => ({ item, weight: 1, draw: [] })), sampling: null };
        yield { ids: numbers.map(String), numbers, drawn };
      }
    },
    next({ values, tensors }, seen): SourceState {
      const data = tensors.get('mean')!.data.slice();
      for (const batch of seen) batch.items.forEach((item, i) => (data[item] = (data[item]! + batch.losses[i]!) / 2));
      const { moves } = values as { moves: number };
      return { values: { moves: moves + 1 }, tensors: new Map([['mean', { shape: [items], data }]]) };
    },
  };
}

async function train(run: Run, asked: string[] = []): Promise<void> {
  using owned = new Owned();
  const classifier = new Classifier(4, 3, 0.5);
  const parameters = owned.add(new Parameters(classifier.parameters, randomStream(3)));
  const planned = { classifier: { parameters, rules: uniformRules(parameters.specs, 0) } };
  const x = Float32Array.from({ length: items * 4 }, (_, i) => Math.sin(i * i));
  const plan: TrainingPlan<ItemBatch> = {
    stage: 'segments',
    what: 'a classifier',
    madeOf: { parents: [], inputs: {}, classes: null },
    parts: ownedParts(owned, 'segments', { lrFactors: {}, ema: 0 }, planned, optimizerOf({ optimizer: 'adam' })),
    pace: { epochs, steps: () => perEpoch, rate: () => 0.05 },
    options: { microBatch: 3, clipNorm: 0 },
    source: lossySource(asked),
    shape: () => '',
    through: 'tape',
    loss({ numbers }, { from, to }) {
      const rows = numbers.slice(from, to);
      const features = tf.tensor2d(
        rows.flatMap((row) => [...x.subarray(row * 4, row * 4 + 4)]),
        [rows.length, 4],
      );
      const logits = classifier.logits(features, { parameters, normalization: 'running' });
      return meanLoss(
        crossEntropies(
          logits,
          rows.map((row) => row % 3),
        ),
      );
    },
  };
  await trainStage(run, plan);
}

/** What a training has left: tensors, with those of the source, and the state of the source. */
function outcome(folder: string) {
  const { tensors, manifest } = new RunStore(folder).load('segments', 'latest')!;
  assert.ok(manifest.finished);
  return { sha256: hashTensors(tensors), source: stateOf({ manifest }).source };
}

test('a sampler with state: interrupted after any step, it ends as if it never had been, to the bit', async (t) => {
  const root = temporaryFolder(t);
  writeAnnotations(root);
  writeFeatures(path.join(root, 'features'), '.npy', npy);
  const attempt = async (name: string, last = Infinity, asked: string[] = []) => {
    const config = published(root, 'features', { checkpoint: { everySteps: 1 } });
    const run = await openRun(path.join(root, name), config, { policy: goOn });
    const heartbeat = {
      beat: (_: string, step: number) => {
        if (step === last) throw new Error('power cut');
      },
    } as unknown as Run['heartbeat'];
    try {
      await train({ ...run, heartbeat }, asked);
    } finally {
      run.close();
    }
  };
  const asked: string[] = [];
  await attempt('alone', Infinity, asked);
  // It is never asked for more than the next point at which its state moves.
  assert.deepEqual(asked.slice(0, 4), ['0: 0-3', '0: 3-6', '0: 6-7', '1: 0-3']);
  const expected = outcome(path.join(root, 'alone'));
  // 7 batches an epoch: it moves after 3, 6 and 7.
  assert.deepEqual(expected.source, { values: { moves: 3 * epochs }, seen: [] });
  for (let last = 1; last <= epochs * perEpoch; last++) {
    await assert.rejects(attempt(`cut ${last}`, last), /power cut/);
    await attempt(`cut ${last}`);
    assert.deepEqual(outcome(path.join(root, `cut ${last}`)), expected, `cut after step ${last}`);
  }
});
