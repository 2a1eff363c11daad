import assert from 'node:assert/strict';
import { appendFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { readMetrics } from '../../../src/checkpoints/metrics.js';
import { RunStore } from '../../../src/checkpoints/run-store.js';
import { configSchema, type Config } from '../../../src/config/schema.js';
import { synthesize } from '../../../src/data/synth/synthesize.js';
import { confusionMatrix, hitRate, meanScores } from '../../../src/evaluation/classification/hits.js';
import { openClipNetwork } from '../../../src/stages/classify/clip-network.js';
import { classifyRuns, type ClassifyOptions } from '../../../src/stages/classify/classify-runs.js';
import { validationBatches } from '../../../src/stages/pretrain/clip-batches.js';
import { pretrain } from '../../../src/stages/pretrain/pretrain-stage.js';
import { clipsOfSubset } from '../../../src/stages/pretrain/stage1-clips.js';
import { readRunConfig, withRun } from '../../../src/stages/run/run.js';
import { UsageError, WorkError } from '../../../src/system/errors.js';
import { done } from '../../support/done.js';
import { temporaryFolder } from '../../support/temporary.js';

const root = temporaryFolder();
const folder = (name: string) => path.join(root, name);

function config(options: object, data: object = { clips: 'clips.csv' }): Config {
  return configSchema.parse({
    seed: 3,
    data: { root: folder('data'), dataset: 'dataset.json', flip: false, ...data },
    encoder: { width: 4, frames: 4, stride: 3 },
    pretrain: { epochs: 2, batch: 4, size: 32, lr: 3e-3, optimizer: 'adam', lrSteps: [], ...options },
  });
}

const train = (name: string, options: Config) => withRun(folder(name), options, {}, (run) => done(pretrain, run));
const classify = (names: string[], options: Partial<ClassifyOptions> = {}) =>
  classifyRuns(names.map(folder), { clips: 1, views: 1, ...options });
const cells = (matrix: number[][]) => matrix.flat().reduce((a, b) => a + b, 0);

before(async () => {
  await synthesize({ out: folder('data'), videos: 4, classes: 2, clipsPerClass: 4, seed: 1 });
  await train('a', config({}));
  await train('b', config({ lr: 1e-3, batchNorm: 'frozen' }));
  await train('instances', config({ epochs: 1 }, { clips: null }));
  await train('as-given', config({ epochs: 0 }));
});

test('one clip and one view of each: the accuracy that stage 1 has logged', async () => {
  const { runs, average } = await classify(['a']);
  const log = readMetrics(path.join(folder('a'), 'metrics.jsonl'));
  const { top1, top5 } = log.filter((line) => 'metrics' in line).at(-1)!['metrics'] as Record<string, number>;
  assert.deepEqual(average.clip, { hit1: top1, hit3: 1, hit5: top5 });
  assert.deepEqual(average.video, average.clip);
  const { run, ...only } = runs[0]!;
  assert.deepEqual([run, only], [folder('a'), average]);
  assert.deepEqual([average.subset, average.videos, average.clips, average.views], ['validation', 3, 3, 1]);
  assert.equal(average.classes.length, 3);
  assert.equal(cells(average.confusion), 3);
  // It is kept in the run folder, for the report.
  const kept = JSON.parse(readFileSync(path.join(folder('a'), 'classification.json'), 'utf8')) as object;
  const checkpoint = new RunStore(folder('a')).finished('pretrain')!.sha256;
  assert.deepEqual(kept, { checkpoint, ...average });
});

test('twenty clips of each video in four views, by the seed of the run: the same again', async () => {
  const { average } = await classify(['a'], { clips: 20, views: 4 });
  assert.deepEqual([average.videos, average.clips, average.views], [3, 60, 4]);
  assert.equal(cells(average.confusion), 3);
  assert.deepEqual((await classify(['a'], { clips: 20, views: 4 })).average, average);
  // Without mirror images ten crops are five.
  assert.equal((await classify(['a'], { clips: 2, views: 10 })).average.views, 5);
});

test('two runs: each as alone, and the mean of their softmax', async () => {
  const { runs, average } = await classify(['a', 'b']);
  for (const [i, name] of ['a', 'b'].entries()) {
    assert.deepEqual(runs[i]!.clip, (await classify([name])).average.clip);
    assert.deepEqual(runs[i]!.confusion, (await classify([name])).average.confusion);
  }
  // Computed once more without the evaluation's own way of collecting.
  const softmaxes = async (name: string) =>
    withRun(folder(name), readRunConfig(folder(name)), { dataset: 'kept' }, async (run) => {
      using network = openClipNetwork(run);
      const clips = await clipsOfSubset(run, 'validation', average.classes);
      const found = [];
      for await (const batch of validationBatches(run.config, run.frames.load, clips, () => ({ clips: 1, crops: 1 })))
        found.push(...network.softmaxes(batch));
      return { found, labels: clips.map(({ label }) => average.classes.indexOf(label)) };
    });
  const [one, other] = [await softmaxes('a'), await softmaxes('b')];
  assert.notDeepEqual(one.found, other.found);
  for (const row of one.found) assert.ok(Math.abs(row.reduce((sum, value) => sum + value, 0) - 1) < 1e-9);
  const items = one.found.map((row, i) => ({ scores: meanScores([row, other.found[i]!]), labels: [one.labels[i]!] }));
  assert.deepEqual(average.clip, { hit1: hitRate(items, 1), hit3: hitRate(items, 3), hit5: hitRate(items, 5) });
  assert.deepEqual(average.confusion, confusionMatrix(items, 3));
});

test('clips that are cut from a video share its samples, and their classes are its labels', async () => {
  const { average } = await classify(['instances'], { clips: 5 });
  const dataset = JSON.parse(readFileSync(path.join(folder('instances'), 'dataset.json'), 'utf8')) as {
    database: Record<string, { subset: string; annotations: object[] }>;
  };
  const videos = Object.values(dataset.database).filter(({ subset }) => subset === 'validation');
  assert.equal(average.videos, videos.length);
  const samples = videos.map(({ annotations: { length } }) => length * Math.ceil(5 / length));
  assert.equal(
    average.clips,
    samples.reduce((a, b) => a + b, 0),
  );
  assert.ok(average.clips > average.videos);
  const training = await classify(['instances'], { subset: 'training' });
  assert.equal(training.average.videos, 4 - videos.length);
});

test('what cannot be evaluated is refused in one line, before any clip is read', async () => {
  const refused = async (names: string[], said: RegExp, options: Partial<ClassifyOptions> = {}) => {
    await assert.rejects(classify(names, options), (error: Error) => {
      assert.ok(error instanceof UsageError, error.stack);
      assert.match(error.message, said);
      assert.ok(!error.message.includes('\n'));
      return true;
    });
  };
  await refused(['nowhere'], /no run in .*nowhere/);
  await refused(['as-given'], /pretrain\.epochs 0 stage 1 keeps the encoder/);
  await refused(['a', 'instances'], /know other classes: .*: evaluate them one by one/);
  await refused(['a', 'b', 'a'], /given twice/);
  await refused(['a'], /no clip of subset "test"; there are clips of subset "training", "validation"/, {
    subset: 'test',
  });
  await refused(['instances'], /no clip of subset "test"; it has "/, { subset: 'test' });
  cpSync(folder('b'), folder('begun'), { recursive: true });
  rmSync(path.join(folder('begun'), 'store'), { recursive: true });
  await refused(['begun'], /pretrain is not finished in .*begun: run `lofi pretrain` first/);
});

test('labels that the run does not know, other clips, and clips that cannot be read', async () => {
  cpSync(folder('data'), folder('other'), { recursive: true });
  const list = path.join(folder('other'), 'clips.csv');
  const rows = readFileSync(list, 'utf8');
  const [first] = rows.split('\n').filter((line) => line.endsWith(',validation'));
  const other = { root: folder('other') };

  appendFileSync(list, `${first!.replace(/,[^,]*,validation$/, ',unheard-of,validation')}\n`);
  await assert.rejects(classify(['a'], other), /1 of 4 clips have a label that the run does not know: "unheard-of"/);

  // Listed twice with two labels that there are: one video of two labels.
  const labels = [
    ...new Set(
      rows
        .split('\n')
        .slice(1)
        .flatMap((line) => line.split(',')[1] ?? []),
    ),
  ];
  const second = labels.find((label) => label !== first!.split(',')[1])!;
  writeFileSync(list, `${rows.trimEnd()}\n${first!.replace(/,[^,]*,validation$/, `,${second},validation`)}\n`);
  const { average } = await classify(['a'], other);
  assert.deepEqual([average.videos, average.clips, cells(average.confusion)], [3, 3, 3]);

  writeFileSync(list, rows);
  writeFileSync(path.join(folder('other'), first!.split(',')[0]!), 'no video');
  await assert.rejects(classify(['a'], other), (error: Error) => {
    assert.ok(error instanceof WorkError);
    assert.match(error.message, /1 of 3 clips cannot be used/);
    return true;
  });
  cpSync(folder('a'), folder('skips'), { recursive: true });
  const file = path.join(folder('skips'), 'config.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace('missing: fail', 'missing: skip'));
  const skipped = await classify(['skips'], other);
  assert.deepEqual([skipped.average.videos, cells(skipped.average.confusion)], [2, 2]);
});

test('runs whose clips are not the same are not averaged', async () => {
  cpSync(folder('data'), folder('fewer'), { recursive: true });
  const list = path.join(folder('fewer'), 'clips.csv');
  const rows = readFileSync(list, 'utf8').trimEnd().split('\n');
  const last = rows.findLastIndex((line) => line.endsWith(',validation'));
  writeFileSync(list, `${rows.filter((_, i) => i !== last).join('\n')}\n`);
  cpSync(folder('a'), folder('moved'), { recursive: true });
  const file = path.join(folder('moved'), 'config.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(folder('data'), folder('fewer')));
  assert.equal((await classify(['moved'])).average.videos, 2);
  await assert.rejects(classify(['a', 'moved']), (error: Error) => {
    assert.ok(error instanceof UsageError);
    assert.match(error.message, /a and .*moved have other clips: 3 clips of 3 labels, and 2 clips of 2 labels/);
    return true;
  });
});
