import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { loadConfig } from '../../src/config/load.js';
import { UsageError } from '../../src/system/errors.js';
import { readResults, type ClipEntry, type ResultEntry } from '../../tools/results/entry.js';
import { clipResultOfRun, resultOfRun } from '../../tools/results/from-run.js';
import { resultsMarkdown } from '../../tools/results/markdown.js';
import { temporaryFolder } from '../support/temporary.js';

const root = path.resolve(import.meta.dirname, '..', '..');
const tiny = path.join(root, 'configs', 'tiny.yaml');
const command = `lofi run --config ${tiny} --set data.root=DIR --set 'seed=3' --run runs/x`;

const entry: ResultEntry = {
  experiment: 'LoFi | long',
  dataset: 'synthetic',
  subset: 'validation',
  config: 'configs/demo.yaml',
  command: 'lofi run --config configs/demo.yaml',
  seed: 0,
  tiou: [0.5, 0.75, 0.95],
  mAP: [0.61234, 0.4, 0.05],
  average_mAP: 0.354,
  train_seconds: 130,
  peak_gib: 1.25,
  date: '2026-11-21',
};

/** A finished run of two training stages with everything that results need. */
function finishedRun(folder: string): string {
  const { config } = loadConfig(tiny, ['data.root=/elsewhere', 'seed=3']);
  const line = (stage: string, step: number, seconds: number, rssMiB: number) =>
    JSON.stringify({ stage, step, loss: 1, seconds, rssMiB, time: `2026-11-2${step}T10:00:00.000Z` });
  const validation = JSON.stringify({ stage: 'head', step: 2, metrics: { average_mAP: 0.1 }, time: '2026-11-29' });
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'config.yaml'), stringify(config));
  const lines = [line('pretrain', 1, 2.25, 700), line('joint', 1, 4.5, 2048), line('head', 2, 1, 900), validation];
  writeFileSync(path.join(folder, 'metrics.jsonl'), `${lines.join('\n')}\n`);
  const metrics = { subset: 'validation', tiou: [0.5, 0.55], mAP: [0.3, 0.2], average_mAP: 0.25, per_class: {} };
  writeFileSync(path.join(folder, 'metrics.json'), JSON.stringify(metrics));
  return folder;
}

test('the page in docs is what the results give', async () => {
  const tool = path.join(root, 'tools', 'results-table.ts');
  await promisify(execFile)(process.execPath, ['--import', import.meta.resolve('tsx'), tool, '--check']);
});

test('a table has the quoted thresholds that its results have, and the command of each row', () => {
  const page = resultsMarkdown(
    [entry, { ...entry, experiment: 'thumos', tiou: [0.3, 0.5], mAP: [0.2, 0.1], seed: 7 }],
    [],
  );
  assert.match(
    page,
    /\| experiment \| seeds \| mAP@0\.5 \| mAP@0\.75 \| mAP@0\.95 \| average \| training \| memory \| date \|/,
  );
  assert.match(
    page,
    /\| LoFi \\\| long \| 0 \| 61\.23 \| 40\.00 \| 5\.00 \| 35\.40 \| 2 min \| 1\.3 GiB \| 2026-11-21 \|/,
  );
  assert.match(page, /\| experiment \| seeds \| mAP@0\.5 \| average \|/);
  assert.match(page, /\| thumos \| 7 \| 10\.00 \| 35\.40 \|/);
  assert.equal(page.match(/^- .*: `lofi run --config configs\/demo\.yaml`$/gm)?.length, 2);
});

test('seeds of an experiment share a row, with their difference from the baseline by seed', () => {
  const runs = (experiment: string, averages: number[], baseline?: string) =>
    averages.map((average_mAP, seed) => ({ ...entry, experiment, seed, average_mAP, ...(baseline && { baseline }) }));
  const page = resultsMarkdown([...runs('base', [0.2, 0.3, 0.4]), ...runs('LoFi', [0.22, 0.34, 0.46], 'base')], []);
  assert.match(page, /\| average \| beside its baseline \| training \|/);
  assert.match(page, /\| base \| 0, 1, 2 \|.*\| 30\.00 ± 10\.00 \| {2}\| 2 min \|/);
  // The differences are 2, 4, 6: mean 4, deviation 2; t with two degrees of freedom is 4.303.
  assert.match(page, /\| LoFi \| 0, 1, 2 \|.*\| 34\.00 ± 12\.00 \| \+4\.00 ± 4\.97 \| 2 min \|/);
});

test('results of one dataset, subset and list of thresholds share a table', () => {
  const page = resultsMarkdown([entry, { ...entry, dataset: 'other' }, { ...entry, experiment: 'ACP' }], []);
  assert.deepEqual(page.match(/^## .*$/gm), ['## synthetic, validation videos', '## other, validation videos']);
});

test('clips: a row for each experiment, mean and standard deviation over its seeds', () => {
  const { experiment, dataset, config, command, train_seconds, peak_gib, date } = entry;
  const clip: ClipEntry = {
    experiment,
    dataset,
    config,
    command,
    train_seconds,
    peak_gib,
    date,
    seed: 0,
    top1: 0.5,
    top5: 1,
  };
  const page = resultsMarkdown(
    [],
    [clip, { ...clip, seed: 1, top1: 0.7, train_seconds: 170, peak_gib: 2 }, { ...clip, experiment: 'one seed' }],
  );
  assert.match(page, /^## synthetic: clips of stage 1$/m);
  // The standard deviation of 50 and 70 is 20 / √2.
  assert.match(
    page,
    /\| LoFi \\\| long \| 0, 1 \| 60\.00 ± 14\.14 \| 100\.00 ± 0\.00 \| 3 min \| 2\.0 GiB \| 2026-11-21 \|/,
  );
  assert.match(page, /\| one seed \| 0 \| 50\.00 \| 100\.00 \|/);
});

test('the clips of a run: the last validation of stage 1, its time and memory alone', (t) => {
  const folder = finishedRun(temporaryFolder(t));
  assert.throws(() => clipResultOfRun(folder, { experiment: 'e', dataset: 'd', command }), /no validation of stage 1/);
  const validations = [0.2, 0.4].map((top1) => JSON.stringify({ stage: 'pretrain', metrics: { top1, top5: 0.9 } }));
  appendFileSync(path.join(folder, 'metrics.jsonl'), `${validations.join('\n')}\n`);
  assert.deepEqual(clipResultOfRun(folder, { experiment: 'e', dataset: 'd', command }), {
    ...{ experiment: 'e', dataset: 'd', config: tiny, command, seed: 3, top1: 0.4, top5: 0.9 },
    ...{ train_seconds: 2.3, peak_gib: 0.68, date: '2026-11-21' },
  });
});

test('without results the page says so', (t) => {
  assert.deepEqual(readResults(path.join(temporaryFolder(t), 'results.json')), []);
  assert.match(resultsMarkdown([], []), /No results yet/);
});

test('a wrong results file is named with its field', (t) => {
  const file = path.join(temporaryFolder(t), 'results.json');
  writeFileSync(file, JSON.stringify([entry, { ...entry, seed: 'zero' }]));
  assert.throws(
    () => readResults(file),
    (error) => error instanceof UsageError && /results\.json: 1\.seed: /.test(error.message),
  );
  writeFileSync(file, JSON.stringify([entry]));
  assert.deepEqual(readResults(file), [entry]);
});

test('the result of a run: seed and numbers, time summed over stages, the largest memory, the last day', (t) => {
  const folder = finishedRun(temporaryFolder(t));
  assert.deepEqual(resultOfRun(folder, { experiment: 'e', dataset: 'd', command }), {
    ...{ experiment: 'e', dataset: 'd', subset: 'validation', config: tiny, command, seed: 3 },
    ...{ tiou: [0.5, 0.55], mAP: [0.3, 0.2], average_mAP: 0.25 },
    ...{ train_seconds: 7.8, peak_gib: 2, date: '2026-11-22' },
  });
});

test('a command that does not give the configuration of the run is refused', (t) => {
  const folder = finishedRun(temporaryFolder(t));
  const record = (wrong: string) => () => resultOfRun(folder, { experiment: 'e', dataset: 'd', command: wrong });
  assert.throws(record('npm run demo'), /must name its configuration/);
  assert.throws(record(`lofi run --config ${tiny}`), /was not made by this command: seed: 0 → 3/);
});

test('a run that is not finished has no result', (t) => {
  const folder = finishedRun(temporaryFolder(t));
  writeFileSync(path.join(folder, 'metrics.jsonl'), '');
  assert.throws(() => resultOfRun(folder, { experiment: 'e', dataset: 'd', command }), /no training step/);
  writeFileSync(path.join(folder, 'metrics.json'), '{}');
  assert.throws(() => resultOfRun(folder, { experiment: 'e', dataset: 'd', command }), /metrics\.json: not a document/);
});
