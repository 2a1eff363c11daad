import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findFfmpeg } from '../../../src/video/ffmpeg.js';
import { temporaryFolder } from '../../support/temporary.js';
import { lofi } from '../../support/lofi.js';

test('doctor --json is one document of the agreed shape', async () => {
  const ended = await lofi(['doctor', '--json']);
  assert.equal(ended.code, 0);
  const found = JSON.parse(ended.stdout) as Record<string, Record<string, unknown>>;
  assert.deepEqual(Object.keys(found), ['node', 'engine', 'ffmpeg', 'ranks', 'problems']);
  assert.equal(found['node'], process.versions.node);
  assert.deepEqual(Object.keys(found['engine']!), ['name', 'version', 'device', 'threads']);
  assert.deepEqual(found['ffmpeg'], { ...findFfmpeg() });
  assert.ok(Array.isArray(found['problems']));
});

test('ranks: what it would take, what a launcher says, and what is wrong with that', async () => {
  const ranksOf = async (env: NodeJS.ProcessEnv) =>
    (JSON.parse((await lofi(['doctor', '--json'], env)).stdout) as { ranks: Record<string, unknown> }).ranks;
  const alone = await ranksOf({});
  if (alone['possible'] !== true) return;
  assert.deepEqual([alone['launcher'], alone['count']], [null, 1]);
  const step = { SLURM_PROCID: '1', SLURM_STEP_NUM_TASKS: '2', SLURM_STEP_NODELIST: 'n[1-2]' };
  const slurm = await ranksOf({ ...step, SLURM_STEP_TASKS_PER_NODE: '1(x2)' });
  const says = 'rank 1 of n1:41700, n2:41700 by Slurm';
  assert.deepEqual(slurm, { possible: true, launcher: 'Slurm', count: 2, says });
  const wrong = await ranksOf({ ...step, SLURM_STEP_TASKS_PER_NODE: '1' });
  assert.equal(wrong['possible'], false);
  assert.match(String(wrong['says']), /^Slurm: 2 tasks on 2 nodes/);
});

test('for people: a line a part, and what is wrong', async (t) => {
  const env = { XDG_CACHE_HOME: temporaryFolder(t), LOFI_ENGINE: 'wasm', FFMPEG_PATH: '/no/such/ffmpeg' };
  const ended = await lofi(['doctor'], env);
  assert.equal(ended.code, 0);
  assert.match(
    ended.stdout,
    /^node {4}\d+\.\d+\.\d+\nengine {2}wasm \d.*\nffmpeg {2}none\nranks {3}1; the wasm engine cannot .*\nproblem: FFMPEG_PATH=\/no\/such\/ffmpeg .*\n$/,
  );
});
