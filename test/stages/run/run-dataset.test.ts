import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { configSchema } from '../../../src/config/schema.js';
import { saveDataset, toDataset, type Video } from '../../../src/data/dataset.js';
import { readSource } from '../../../src/stages/run/run-dataset.js';
import { captureStderr } from '../../support/checkpoints.js';
import { temporaryFolder } from '../../support/temporary.js';

const folder = temporaryFolder();
const file = path.join(folder, 'set.json');
const config = configSchema.parse({ data: { dataset: file } });
const video: Video = {
  id: 'v',
  subset: 'training',
  path: path.join(folder, 'v.mp4'),
  duration: 10,
  fps: 10,
  frames: 100,
  width: 64,
  height: 48,
  instances: [{ start: 1, end: 2, label: 'wave' }],
};
const uneven: Video = { ...video, id: 'u', drift: 0.5, times: [[0, 0], [50, 4], [100, 10]] }; // prettier-ignore

/** Writes a dataset file, as an earlier version would have if `old`. */
function write(videos: Video[], old: boolean): void {
  saveDataset(file, toDataset(videos));
  if (old) writeFileSync(file, readFileSync(file, 'utf8').replace('"lofi-tal 2"', '"lofi-tal 1"'));
}

test('a dataset file of before is warned of, and refused where its times are known to be wrong', async (t) => {
  const run = path.join(folder, 'run');
  mkdirSync(run);
  const stderr = captureStderr(t);
  write([video], false);
  await readSource(run, config);
  assert.equal(stderr.join(''), '');
  write([video], true);
  await readSource(run, config);
  assert.match(stderr.join(''), /warning: .*set\.json was prepared by an earlier version/);
  write([video, { ...video, id: 'u', drift: 0.5 }], true);
  await assert.rejects(readSource(run, config), {
    name: 'UsageError',
    message: /u has a variable frame rate: run `lofi prepare` again$/,
  });
});

test('what is odd about the files of a dataset is said when it is opened', async (t) => {
  const stderr = captureStderr(t);
  write([{ ...video, damage: 'it ends early' }, uneven, { ...video, id: 'p', problem: 'missing', damage: 'x' }], false);
  const { videos } = await readSource(folder, config);
  assert.deepEqual(videos[1]!.times, uneven.times);
  assert.match(stderr.join(''), /^warning: v: damaged: it ends early\nwarning: u: variable frame rate: [^\n]+\n$/);
});
