import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { saveDataset, toDataset } from '../../../src/data/dataset.js';
import { head } from '../../../src/stages/head/head-stage.js';
import { readRunConfig, withRun } from '../../../src/stages/run/run.js';
import { annotations, extractedRun } from '../../support/feature-runs.js';
import { testVideo } from '../../support/videos.js';
import { done } from '../../support/done.js';
import { lofi } from '../../support/lofi.js';
import { temporaryFolder } from '../../support/temporary.js';

const folder = temporaryFolder();
const file = (...parts: string[]) => path.join(folder, ...parts);

/** A dataset file of the videos of {@link annotations} with made-up measurements; there are no video files. */
function dataset(): string {
  const videos = Object.entries(annotations().database).map(([id, { subset, duration, annotations: list }]) => ({
    ...{ id, subset, duration, fps: 10, frames: 200, width: 64, height: 48, path: file(`${id}.mp4`) },
    instances: (list as { segment: [number, number]; label: string }[]).map(({ segment: [start, end], label }) => ({
      ...{ start, end, label },
    })),
  }));
  saveDataset(file('dataset.json'), toDataset(videos));
  return file('dataset.json');
}

test('lofi export: a file that finds what its run found, when the run is gone', async () => {
  const run = await extractedRun(file('run'), dataset());
  const bundle = file('made', 'model.lofi');
  run.close();
  const early = await lofi(['export', '--run', file('run'), '--out', bundle]);
  assert.deepEqual([early.code, early.stdout, existsSync(file('made'))], [2, '', false]);
  assert.match(early.stderr, /^lofi: head is not finished in .*run: run `lofi head` first\n$/);
  await withRun(file('run'), readRunConfig(file('run')), { dataset: 'kept' }, (run) => done(head, run));

  const video = testVideo(file('a.mp4'), { seconds: 30, rate: '10' });
  const made = await lofi(['export', '--run', file('run'), '--out', bundle]);
  assert.deepEqual([made.code, made.stdout], [0, `${bundle}\n`], made.stderr);
  const detect = async (...args: string[]) => {
    const ended = await lofi(['detect', ...args, video]);
    assert.equal(ended.code, 0, ended.stderr);
  };
  await detect('--run', file('run'), '--out', file('by run'));
  rmSync(file('run'), { recursive: true });
  rmSync(file('dataset.json'));
  await detect('--model', bundle, '--out', file('by model'));
  const found = readFileSync(file('by model', 'detections.json'), 'utf8');
  assert.ok(found.length > 5000);
  assert.equal(found, readFileSync(file('by run', 'detections.json'), 'utf8'));
});

test('lofi export: what is no run is refused', async () => {
  const { code, stderr } = await lofi(['export', '--run', file('nothing'), '--out', file('x.lofi')]);
  assert.deepEqual([code, existsSync(file('x.lofi'))], [2, false]);
  assert.match(stderr, /^lofi: no run in .*nothing: config\.yaml is missing\n$/);
});
