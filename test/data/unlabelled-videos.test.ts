import assert from 'node:assert/strict';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { unlabelledVideos } from '../../src/data/unlabelled-videos.js';
import { temporaryFolder } from '../support/temporary.js';
import { testVideo } from '../support/videos.js';

test('the videos of a folder and of its subfolders, broken ones with their problem', async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(path.join(folder, 'more'));
  testVideo(path.join(folder, 'more', 'a.mp4'), { seconds: 1 });
  testVideo(path.join(folder, 'b.mp4'), { seconds: 1 });
  writeFileSync(path.join(folder, 'c.mp4'), 'no video');
  writeFileSync(path.join(folder, 'notes.txt'), 'text');
  const { videos, warnings } = await unlabelledVideos(folder, []);
  assert.deepEqual(videos.map(({ id }) => id), ['b.mp4', 'c.mp4', 'more/a.mp4']); // prettier-ignore
  assert.deepEqual(videos.map(({ problem }) => problem === undefined), [true, false, true]); // prettier-ignore
  assert.ok(videos.every(({ subset, instances }) => subset === 'unlabelled' && instances.length === 0));
  assert.match(warnings.join(), /left out 1 file in which ffmpeg finds no video: notes\.txt/);
  assert.ok(videos[0]!.frames > 0 && videos[0]!.file!.sha256.length === 64);
});

test('what was measured before is not measured again, unless the file has changed', async (t) => {
  const folder = temporaryFolder(t);
  const file = path.join(folder, 'a.mp4');
  testVideo(file, { seconds: 1 });
  const [video] = (await unlabelledVideos(folder, [])).videos;
  const marked = { ...video!, fps: 17 };
  assert.equal((await unlabelledVideos(folder, [marked])).videos[0]!.fps, 17);
  testVideo(file, { seconds: 2 });
  utimesSync(file, 1, 1);
  assert.notEqual((await unlabelledVideos(folder, [marked])).videos[0]!.fps, 17);
});

test('a folder that is not there, or without a video, is refused', async (t) => {
  const folder = temporaryFolder(t);
  await assert.rejects(unlabelledVideos(path.join(folder, 'none'), []), /^UsageError: .*data\.unlabelled.*ENOENT/);
  await assert.rejects(unlabelledVideos(folder, []), /^UsageError: no video in/);
});
