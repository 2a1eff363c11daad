import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { readMetrics } from '../../../src/checkpoints/metrics.js';
import { RunStore } from '../../../src/checkpoints/run-store.js';
import { configSchema, type Config } from '../../../src/config/schema.js';
import { synthesize } from '../../../src/data/synth/synthesize.js';
import { freshEncoder } from '../../../src/stages/encoder/run-encoder.js';
import { pretrain } from '../../../src/stages/pretrain/pretrain-stage.js';
import { withRun, type Run } from '../../../src/stages/run/run.js';
import { exportState } from '../../../src/models/state.js';
import { epochShapes, multigridPlan, segmentAt } from '../../../src/train/schedule/multigrid.js';
import { done } from '../../support/done.js';
import { temporaryFolder } from '../../support/temporary.js';

const root = temporaryFolder();
const folder = (name: string) => path.join(root, name);

before(async () => {
  await synthesize({ out: folder('data'), videos: 4, classes: 2, clipsPerClass: 4, seed: 1 });
});

function config(options: object, data: object = { clips: 'clips.csv' }, encoder: object = {}): Config {
  return configSchema.parse({
    data: { root: folder('data'), dataset: 'dataset.json', flip: false, ...data },
    encoder: { width: 4, frames: 4, stride: 3, ...encoder },
    pretrain: { epochs: 2, batch: 4, size: 32, lr: 0.02, lrSteps: [], ...options },
  });
}

const train = (name: string, options: Config, change: (run: Run) => Run = (run) => run) =>
  withRun(folder(name), options, {}, (run) => done(pretrain, change(run)));
const tensors = (name: string) => new RunStore(folder(name)).load('pretrain', 'latest')!.tensors;
const metrics = (name: string) =>
  readMetrics(path.join(folder(name), 'metrics.jsonl')).flatMap(
    (line) => (line['metrics'] as object | undefined) ?? [],
  );

/** The run with frames that give out after so many samples. */
const until =
  (samples: number) =>
  (run: Run): Run => {
    let count = 0;
    const load: Run['frames']['load'] = (request) =>
      ++count > samples ? Promise.reject(new Error('power cut')) : run.frames.load(request);
    return { ...run, frames: { ...run.frames, load } };
  };

const everything = { microBatch: 3, ema: 0.9, mixup: 0.3, lrFactors: { 'encoder.layer1': 0.5 } };

test('interrupted with micro-batches, mixup and an average, it ends as if it never had been, to the bit', async () => {
  const options = config(everything);
  const whole = await train('whole', options);
  // 9 clips of 3 labels train and 3 validate: the second epoch is cut short.
  await assert.rejects(train('cut', options, until(9 + 3 + 5)), /power cut/);
  assert.equal(new RunStore(folder('cut')).manifest('pretrain')!.finished, false);
  assert.deepEqual(await train('cut', options), whole);
  assert.deepEqual(metrics('cut'), metrics('whole'));
  assert.deepEqual(
    metrics('cut').map((line) => Object.keys(line)),
    [
      ['top1', 'top5'],
      ['top1', 'top5'],
    ],
  );
});

test('with an average, others read its weights; the trained ones lie beside it, the same as without', async () => {
  await train('averaged', config({ ema: 0.9 }));
  await train('plain', config({}));
  const [averaged, plain] = [tensors('averaged'), tensors('plain')];
  const name = 'encoder.layer1.0.conv1.weight';
  assert.notDeepEqual(averaged.get(name)!.data, plain.get(name)!.data);
  // Slots are kept in our own layout, in which vectors are the same.
  for (const vector of ['bn1.weight', 'bn1.running_mean', 'layer4.1.bn2.bias'])
    assert.deepEqual(averaged.get(`optimizer.encoder.trained.${vector}`)!.data, plain.get(`encoder.${vector}`)!.data);
  assert.ok(![...plain.keys()].some((key) => key.includes('trained')));
});

test('many views are measured once more at the end; the best is judged by one view', async () => {
  await train('views', config({ epochs: 2, views: { clips: 2, crops: 3 } }));
  const keys = metrics('views').map((line) => Object.keys(line));
  assert.deepEqual(keys, [
    ['top1', 'top5'],
    ['top1', 'top5', 'top1 2x3', 'top5 2x3'],
  ]);
  assert.equal(new RunStore(folder('views')).manifest('pretrain')!.best!.metric, 'top1');
  for (const value of metrics('views').flatMap((line): unknown[] => Object.values(line)))
    assert.ok([0, 1, 2, 3].some((n) => value === n / 3));
});

test("ACP+: it goes on from another run's stage 1, with the instances of the dataset as clips", async () => {
  const { step } = await train('acp', config({ epochs: 1 }));
  const weights = path.join(folder('acp'), 'store', 'pretrain', `${step}.safetensors`);
  assert.ok(existsSync(weights));
  const options = config({ epochs: 1, batch: 64, lr: 1e-6 }, { clips: null }, { weights });
  const before = tensors('acp');
  const { parameters } = freshEncoder(options);
  for (const [name, { data }] of exportState(parameters))
    assert.deepEqual(data, before.get(`encoder.${name}`)!.data, name);
  parameters.dispose();

  await train('acp+', options);
  const after = tensors('acp+');
  // The clips have a background, the instances have not: another classifier.
  assert.equal(before.get('classifier.fc.weight')!.shape[0], 3);
  assert.equal(after.get('classifier.fc.weight')!.shape[0], 2);
  const [from, to] = [before, after].map((all) => [...(all.get('encoder.conv1.weight')!.data as Float32Array)]);
  const moved = to!.map((value, i) => Math.abs(value - from![i]!));
  assert.ok(Math.max(...moved) < 1e-3);
  assert.ok(Math.max(...moved) > 0);
});

test("the defaults are TSM's recipe (docs/method.md §4.3)", () => {
  const { pretrain: recipe, encoder, data } = configSchema.parse({});
  assert.deepEqual(
    { ...recipe, frames: encoder.frames, stride: encoder.stride, flip: data.flip },
    {
      epochs: 50,
      batch: 128,
      lr: 0.02,
      lrSteps: [20, 40],
      lrGamma: 0.1,
      warmupEpochs: 0,
      weightDecay: 1e-4,
      clipNorm: 20,
      optimizer: 'sgd',
      momentum: 0.9,
      size: 224,
      sampling: 'dense',
      dropout: 0.5,
      classifierLr: 5,
      batchNorm: 'train',
      frames: 8,
      stride: 8,
      flip: true,
      // These are not in the recipe and are off.
      microBatch: null,
      lrFactors: {},
      lrSchedule: 'steps',
      ema: 0,
      mixup: 0,
      pcaColor: null,
      transfer: 'all',
      views: { clips: 1, crops: 1 },
      multigrid: null,
      reestimate: 0,
      sampler: { type: 'shuffled', k: 0.5, reweight: true, smoothing: 0.5, warmup: null, presample: null, cap: 10 },
    },
  );
});

test('multigrid: interrupted in its second epoch, it ends as if it had not been; shapes are as planned', async () => {
  const options = config({
    batch: 2,
    epochs: 3,
    lrSteps: [2],
    multigrid: { epochFactor: 1, batchNormBase: 2, shortFactors: [0.5] },
  });
  const whole = await train('grid', options);
  const plan = multigridPlan(options.pretrain.multigrid!, { ...options.pretrain, ...options.encoder });
  const planned = Array.from({ length: plan.at(-1)!.epochs.to }, (_, epoch) => {
    const segment = segmentAt(plan, epoch);
    return epochShapes(segment, 9).map(({ frames, size }) => `${frames}x${size}`);
  });
  const steps = readMetrics(path.join(folder('grid'), 'metrics.jsonl')).filter((line) => 'loss' in line);
  assert.deepEqual(
    steps.map((line) => line['shape']),
    planned.flat(),
  );
  await assert.rejects(train('grid-cut', options, until(9 + 3 + 5)), /power cut/);
  assert.deepEqual(await train('grid-cut', options), whole);
});

test('measured anew at the end, running statistics are those of full fidelity; weights stay', async () => {
  const full = { snippets: 4, size: 24 };
  const options = (reestimate: number) => ({ ...config({ epochs: 1, reestimate }), full });
  const loader = (name: string) => (run: Run) => {
    const load: Run['frames']['load'] = (request) => {
      asked[name] = [...(asked[name] ?? []), request.crop.width];
      return run.frames.load(request);
    };
    return { ...run, frames: { ...run.frames, load } };
  };
  const asked: Record<string, number[]> = {};
  await train('as-trained', options(0), loader('as-trained'));
  await train('measured', options(2), loader('measured'));
  const of = (name: string) => asked[name]!.filter((size) => size === full.size).length;
  assert.equal(of('as-trained'), 0);
  // Two of the videos.
  assert.equal(of('measured'), 2);
  const [trained, measured] = [tensors('as-trained'), tensors('measured')];
  for (const [name, { data }] of trained) {
    if (!name.startsWith('encoder.')) continue;
    const same = !/running_(mean|var)$/.test(name);
    assert.equal(same, Buffer.compare(bytes(data), bytes(measured.get(name)!.data)) === 0, name);
  }
});

const bytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => Buffer.from(buffer, byteOffset, byteLength);
