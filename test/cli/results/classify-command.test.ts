import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { configSchema } from '../../../src/config/schema.js';
import { synthesize } from '../../../src/data/synth/synthesize.js';
import type { ClassifierScores } from '../../../src/evaluation/classification/hits.js';
import { pretrain } from '../../../src/stages/pretrain/pretrain-stage.js';
import { withRun } from '../../../src/stages/run/run.js';
import { done } from '../../support/done.js';
import { lofi } from '../../support/lofi.js';
import { temporaryFolder } from '../../support/temporary.js';

const root = temporaryFolder();
const data = path.join(root, 'data');
const runs = ['one', 'other'].map((name) => path.join(root, name)) as [string, string];

before(async () => {
  await synthesize({ out: data, videos: 4, classes: 2, clipsPerClass: 4, seed: 1 });
  for (const [seed, folder] of runs.entries()) {
    const config = configSchema.parse({
      seed,
      data: { root: data, dataset: 'dataset.json', clips: 'clips.csv' },
      encoder: { width: 4, frames: 2, stride: 3 },
      pretrain: { epochs: 1, batch: 16, size: 32 },
    });
    await withRun(folder, config, {}, (run) => done(pretrain, run));
  }
});

interface Printed extends ClassifierScores {
  runs?: (ClassifierScores & { run: string })[];
  average?: ClassifierScores;
  clips: number;
}

test('--json: Hit@k of clips and videos, and the confusion; twenty clips of each video by default', async () => {
  const { code, stdout, stderr } = await lofi(['classify', '--run', runs[0], '--subset', 'validation', '--json']);
  assert.equal(code, 0);
  // Nor does Node warn of the many reads that wait at once.
  assert.equal(stderr, '');
  const printed = JSON.parse(stdout) as Printed;
  for (const rates of [printed.clip, printed.video]) {
    assert.deepEqual(Object.keys(rates), ['hit1', 'hit3', 'hit5']);
    // Of three classes the right one is always among the first three.
    assert.deepEqual([rates.hit3, rates.hit5], [1, 1]);
  }
  assert.equal(printed.clips, 60);
  assert.equal(printed.confusion.length, 3);
  assert.equal(
    printed.confusion.flat().reduce((a, b) => a + b),
    3,
  );
  assert.equal(printed.runs, undefined);
});

test('several runs: each, and the average as a whole', async () => {
  const both = ['--run', runs[0], '--run', runs[1]];
  const { stdout } = await lofi(['classify', ...both, '--clips', '2', '--views', '1', '--json']);
  const printed = JSON.parse(stdout) as Printed;
  assert.deepEqual(
    printed.runs!.map(({ run }) => run),
    runs,
  );
  const { clip, video, confusion } = printed;
  assert.deepEqual(printed.average, { clip, video, confusion });
  const table = await lofi(['classify', ...both, '--clips', '2', '--views', '1']);
  assert.match(table.stdout, /clip Hit@1 .*clip Hit@3 .*clip Hit@5 .*video Hit@1 .*video Hit@3 .*video Hit@5/);
  const row = table.stdout.split('\n').find((line) => line.includes('average'))!;
  const rates = [clip, video].flatMap(({ hit1, hit3, hit5 }) => [hit1, hit3, hit5]);
  const shown = rates.map((fraction) => (100 * fraction).toFixed(2));
  assert.deepEqual(row.match(/\d+\.\d\d/g), shown);
  assert.match(table.stdout, /validation: 3 videos, 6 clips; views of each: 1/);
});

for (const [args, said] of [
  [['--clips', '0'], /--clips must be a whole number/],
  [['--clips', 'x'], /--clips must be a whole number/],
  [['--views', '5'], /--views must be 1, 3, 4 or 10/],
  [['--subset', 'test'], /no clip of subset "test"/],
] as const)
  test(`a wrong call ends with 2 and one line: ${args.join(' ')}`, async () => {
    const { code, stdout, stderr } = await lofi(['classify', '--run', runs[0], ...args]);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, said);
    assert.equal(stderr.trimEnd().split('\n').length, 1);
  });

test('a clip that cannot be read ends with 1 and names it', async () => {
  const [name] = readFileSync(path.join(data, 'clips.csv'), 'utf8')
    .split('\n')
    .filter((line) => line.endsWith(',validation'));
  rmSync(path.join(data, name!.split(',')[0]!));
  const { code, stderr } = await lofi(['classify', '--run', runs[0]]);
  assert.equal(code, 1);
  assert.match(stderr, /1 of 3 clips cannot be used, the first: .*\n$/);
});
