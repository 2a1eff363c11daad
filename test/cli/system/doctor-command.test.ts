import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findFfmpeg } from '../../../src/video/ffmpeg.js';
import { temporaryFolder } from '../../support/temporary.js';
import { lofi } from '../../support/lofi.js';

test('doctor --json is one document of the agreed shape', async () => {
  const ended = await lofi(['doctor', '--json']);
  assert.equal(ended.code, 0);
  const found = JSON.parse(ended.stdout) as Record<string, Record<string, unknown>>;
  assert.deepEqual(Object.keys(found), ['node', 'engine', 'ffmpeg', 'problems']);
  assert.equal(found['node'], process.versions.node);
  assert.deepEqual(Object.keys(found['engine']!), ['name', 'version', 'device', 'threads']);
  assert.deepEqual(found['ffmpeg'], { ...findFfmpeg() });
  assert.ok(Array.isArray(found['problems']));
});

test('for people: a line a part, and what is wrong', async (t) => {
  const env = { XDG_CACHE_HOME: temporaryFolder(t), LOFI_ENGINE: 'wasm', FFMPEG_PATH: '/no/such/ffmpeg' };
  const ended = await lofi(['doctor'], env);
  assert.equal(ended.code, 0);
  assert.match(
    ended.stdout,
    /^node {4}\d+\.\d+\.\d+\nengine {2}wasm \d.*\nffmpeg {2}none\nproblem: FFMPEG_PATH=\/no\/such\/ffmpeg .*\n$/,
  );
});
