import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { startEngine } from '../../../src/engine/backend.js';
import type { DetectedVideo } from '../../../src/evaluation/detected-video.js';
import { detectFiles } from '../../../src/stages/detect/detect-files.js';
import { randomModel } from '../../support/random-model.js';
import { testVideo } from '../../support/videos.js';
import { temporaryFolder } from '../../support/temporary.js';

await startEngine();
const folder = temporaryFolder();
const model = randomModel(3);
after(() => {
  model[Symbol.dispose]();
});
const video = (name: string, seconds: number) => testVideo(path.join(folder, name), { seconds });
const [b, a] = [video('b.mp4', 8), video('-a é.mkv', 2)];
const broken = path.join(folder, 'broken.mp4');
writeFileSync(broken, 'no video');

const found = async (...paths: string[]) => {
  const all = [];
  for await (const one of detectFiles(model, paths)) all.push(one);
  return all;
};

test('each file as if it were alone, in the order given; one that is no video is given as such', async () => {
  const together = await found(b, broken, a);
  assert.deepEqual(
    together.map(({ id }) => id),
    ['b', 'broken', '-a é'],
  );
  assert.match((together[1] as { reason: string }).reason, /^not a readable video: .*broken\.mp4: /);
  const [long, , short] = together as [DetectedVideo, unknown, DetectedVideo];
  assert.deepEqual([[long], [short]], [await found(b), await found(a)]);
  assert.ok(Math.abs(long.duration - 8) < 0.1 && long.file === b);
  assert.ok(long.detections.length > short.detections.length && short.detections.length > 0);
  const scores = long.detections.map(({ score }) => score);
  assert.deepEqual(
    scores,
    [...scores].sort((x, y) => y - x),
  );
});

test('of a folder all video files by name, not what is hidden, no other files and no folders', async () => {
  const videos = path.join(folder, 'videos');
  mkdirSync(path.join(videos, 'c.mp4'), { recursive: true });
  for (const name of ['z.mp4', 'A.MP4', '.hidden.mp4']) copyFileSync(a, path.join(videos, name));
  writeFileSync(path.join(videos, 'notes.txt'), '');
  assert.deepEqual(
    (await found(videos, b)).map(({ id }) => id),
    ['A', 'z', 'b'],
  );
});

test('wrong calls are refused before anything is done', async () => {
  const no = path.join(folder, 'no.mp4');
  await assert.rejects(found(b, no), { name: 'UsageError', message: `video not found: ${no}` });
  const empty = path.join(folder, 'empty');
  mkdirSync(empty);
  await assert.rejects(found(empty), { name: 'UsageError', message: `no video file in ${empty}` });
  const same = path.join(empty, 'b.avi');
  copyFileSync(b, same);
  await assert.rejects(found(b, same), {
    name: 'UsageError',
    message: `two videos have the name b, by which results are stored: ${b} and ${same}: rename one`,
  });
});
