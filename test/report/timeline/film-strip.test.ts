import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { evenlySpread, filmStrip, filmStrips } from '../../../src/report/timeline/film-strip.js';
import { temporaryFolder } from '../../support/temporary.js';
import { writeFilm } from '../../support/fake-run.js';

test('a strip is a small JPEG, ten pictures wide, whatever the file is called', async (t) => {
  const folder = temporaryFolder(t);
  await writeFilm(folder, 'video_002');
  const file = path.join(folder, '-ss concat:a|b.mp4');
  renameSync(path.join(folder, 'videos', 'video_002.mp4'), file);
  const strip = (await filmStrip(file, 60))!;
  assert.equal(strip.subarray(0, 3).toString('hex'), 'ffd8ff');
  assert.deepEqual(jpegSize(strip), [960, 54]);
  assert.ok(strip.length < 20_000);
});

test('there is no strip of what is no video, shorter than it should be, or not there', async (t) => {
  const folder = temporaryFolder(t);
  await writeFilm(folder, 'video_002');
  const good = path.join(folder, 'videos', 'video_002.mp4');
  const text = path.join(folder, 'text.mp4');
  writeFileSync(text, 'no video');
  assert.equal(await filmStrip(text, 60), null);
  assert.equal(await filmStrip(good, 600), null);
  const videos = ['good', 'text', 'missing', 'unknown'].map((id) => ({ id, duration: 60 }));
  const files = new Map(Object.entries({ good, text, missing: path.join(folder, 'missing.mp4') }));
  assert.deepEqual(Object.keys(await filmStrips(videos, files)), ['good']);
});

test('those that get one are spread evenly', () => {
  const list = Array.from({ length: 5000 }, (_, i) => i);
  const chosen = evenlySpread(list, 48);
  assert.equal(chosen.length, 48);
  assert.equal(chosen[0], 0);
  assert.ok(chosen.slice(1).every((n, i) => [104, 105].includes(n - chosen[i]!)));
  assert.deepEqual(evenlySpread([1, 2, 3], 48), [1, 2, 3]);
  assert.deepEqual(evenlySpread([], 48), []);
});

/** Width and height from the frame header (SOF0). */
function jpegSize(jpeg: Buffer): [number, number] {
  let at = 2;
  while (jpeg[at + 1] !== 0xc0) at += 2 + jpeg.readUInt16BE(at + 2);
  return [jpeg.readUInt16BE(at + 7), jpeg.readUInt16BE(at + 5)];
}
