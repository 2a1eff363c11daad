import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { reportRun } from '../../../src/report/run/reported-run.js';
import { readRunFolder } from '../../../src/report/run/run-folder.js';
import { writeReport } from '../../../src/report/write-report.js';
import { fakeClassification, writeFakeRun } from '../../support/fake-run.js';
import { temporaryFolder } from '../../support/temporary.js';

function fakeRun(t: TestContext): string {
  const run = path.join(temporaryFolder(t), 'run');
  writeFakeRun(run, { seed: 1, noise: 0.5, videos: 4 });
  return run;
}

const secret = 'text of a file that is none of the report’s business';

test('the pointer to a stage’s newest checkpoint is a step, and leads nowhere else', async (t) => {
  const run = fakeRun(t);
  const state = { step: 300, engine: secret, finished: true, best: null };
  writeFileSync(path.join(run, '..', 'private.json'), JSON.stringify(state));
  writeFileSync(path.join(run, 'store', 'pretrain', 'private.json'), JSON.stringify(state));
  for (const pointer of ['../../../private', '../pretrain/private', 'private', '/etc/passwd', '300/../private', '']) {
    writeFileSync(path.join(run, 'store', 'pretrain', 'latest'), pointer);
    assert.deepEqual(readRunFolder(run).stages, [], pointer);
  }
  writeFileSync(path.join(run, 'store', 'pretrain', 'latest'), '../../../private');
  assert.ok(!readFileSync(await writeReport([run]), 'utf8').includes(secret));
});

test('a manifest that somebody has edited is left out', (t) => {
  const run = fakeRun(t);
  const file = path.join(run, 'store', 'pretrain', '300.json');
  const good = JSON.parse(readFileSync(file, 'utf8')) as object;
  assert.equal(readRunFolder(run).stages.length, 1);
  for (const change of [{ engine: { a: 1 } }, { step: '300' }, { step: 7 }, { best: { metric: 1 } }, { best: 'x' }]) {
    writeFileSync(file, JSON.stringify({ ...good, ...change }));
    assert.deepEqual(readRunFolder(run).stages, [], JSON.stringify(change));
  }
});

test('fields of another type than the log has are missing, and other fields never reach the page', (t) => {
  const run = fakeRun(t);
  const hostile = { step: '1', loss: {}, terms: 5, shape: [], skipped: 'x', metrics: { top1: null, a: 1 }, time: 3 };
  const lines = [{ stage: 'joint', ...hostile, other: secret }, { stage: 1 }, 5];
  writeFileSync(path.join(run, 'metrics.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const [entry, ...others] = readRunFolder(run).log;
  assert.deepEqual(others, []);
  assert.deepEqual(JSON.parse(JSON.stringify(entry)), { stage: 'joint', metrics: { a: 1 } });
});

test('edited metrics.json and config.yaml give a page, or are refused in a line', async (t) => {
  const refused = async (name: string, content: string, said: RegExp) => {
    const run = fakeRun(t);
    writeFileSync(path.join(run, name), content);
    await assert.rejects(writeReport([run]), { name: 'UsageError', message: said });
  };
  const metrics = { tiou: [0.5], mAP: [0.1], average_mAP: 0.1 };
  for (const change of [
    { tiou: ['x'] },
    { mAP: [] },
    { per_class: { a: 1 } },
    { per_class: { a: [1, 2] } },
    { counts: 1 },
  ])
    await refused('metrics.json', JSON.stringify({ ...metrics, ...change }), /metrics\.json: not a document of/);
  const classification = fakeClassification(['a', 'b'], 1);
  for (const change of [
    { classes: ['a'] },
    { classes: 'ab' },
    { confusion: [[1], [1]] },
    { confusion: [[1, 2]] },
    {
      confusion: [
        [1, -1],
        [0, 1],
      ],
    },
    { clip: { hit1: 1.5, hit5: 1 } },
    { checkpoint: undefined },
  ])
    await refused(
      'classification.json',
      JSON.stringify({ ...classification, ...change }),
      /classification\.json: not as `lofi classify` writes it/,
    );
  await refused('config.yaml', '- 1\n- &a [*a]\n', /config\.yaml: .*refers to itself/);
  await refused('config.yaml', '['.repeat(20_000), /config\.yaml/);
  const run = fakeRun(t);
  writeFileSync(path.join(run, 'config.yaml'), 'data: 5\nevaluation: { preset: constructor }\n');
  assert.equal(reportRun(run).stages.length, 1);
});

test('a dataset whose paths hold half a character gives a page all the same', async (t) => {
  const run = fakeRun(t);
  const file = path.join(run, 'dataset.json');
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('videos/', 'vi\\ud800deos/'));
  mkdirSync(path.join(run, 'report'), { recursive: true });
  assert.ok(readFileSync(await writeReport([run]), 'utf8').includes('%EF%BF%BD'));
});
