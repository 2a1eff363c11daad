import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { leftOut, videosInFolder } from '../../src/data/folder-videos.js';
import { prepareDataset } from '../../src/data/prepare.js';
import { VideoFolder } from '../../src/data/video-files.js';
import { ffmpeg, testVideo } from '../support/videos.js';
import { temporaryFolder } from '../support/temporary.js';

const root = temporaryFolder();
const clip = testVideo(path.join(root, 'clip.mp4'), { seconds: 0.4 });
const transport = testVideo(path.join(root, 'clip.ts'), { seconds: 0.4 });
const picture = path.join(root, 'picture.jpg');
ffmpeg('-f', 'lavfi', '-i', 'testsrc2', '-frames:v', '1', '-f', 'image2', '-c:v', 'mjpeg', picture);
const sound = path.join(root, 'sound.wav');
ffmpeg('-f', 'lavfi', '-i', 'sine=d=0.4', sound);
const subtitles = '1\n00:00:00,000 --> 00:00:01,000\none\n\n2\n00:00:01,000 --> 00:00:02,000\ntwo\n';

/** A folder with files: copies of others, or texts. */
function folderOf(name: string, files: Record<string, string>): string {
  const folder = path.join(root, name);
  for (const [file, content] of Object.entries(files)) {
    const place = path.join(folder, file);
    mkdirSync(path.dirname(place), { recursive: true });
    if (path.isAbsolute(content)) copyFileSync(content, place);
    else writeFileSync(place, content);
  }
  return folder;
}

async function prepare(folder: string, lines: string[]) {
  const annotations = path.join(root, `${path.basename(folder)}.csv`);
  writeFileSync(annotations, ['video,start,end,label', ...lines].join('\n'));
  const { dataset } = await prepareDataset({ format: 'csv', annotations, videos: folder });
  return dataset.videos.map(({ id, path: file, instances, problem }) => ({
    ...{ id, file: path.relative(folder, file), starts: instances.map(({ start }) => start) },
    ...(problem !== undefined && { problem }),
  }));
}

test('two files of one stem: a name with its extension means that file, without it both are named', async () => {
  const folder = folderOf('stems', { 'cam.mp4': clip, 'cam.mov': clip });
  assert.deepEqual(await prepare(folder, ['cam.mov,0,0.1,a', 'cam.mp4,0.2,0.3,b', 'cam.mov,0.1,0.2,a']), [
    { id: 'cam.mov', file: 'cam.mov', starts: [0, 0.1] },
    { id: 'cam.mp4', file: 'cam.mp4', starts: [0.2] },
  ]);
  assert.deepEqual(await prepare(folder, ['cam.MOV,0,0.1,a']), [{ id: 'cam', file: 'cam.mov', starts: [0] }]);
  const both = /stems\.csv:2: the video id "cam" may be cam\.mov or cam\.mp4 in .*: write the extension too/;
  await assert.rejects(prepare(folder, ['cam,0,0.1,a']), { name: 'UsageError', message: both });
  const listed = /stems\.csv:4: "cam" may be cam\.mov or cam\.mp4: write the extension too$/;
  await assert.rejects(prepare(folder, ['cam.mov,0,1,a', 'cam.mp4,0,1,b', 'cam,0,1,a']), { message: listed });
});

test('what lies beside a video under its name makes no ambiguity', async () => {
  const beside = { 'a.srt': subtitles, 'a.json': '{}', 'a.txt': 'notes\n'.repeat(500), 'a.csv': 'x,y\n1,2\n' };
  const folder = folderOf('beside', { 'a.MTS': transport, 'a.jpg': picture, 'a.wav': sound, ...beside });
  assert.deepEqual(await prepare(folder, ['a,0,0.1,x', 'a.MTS,0.1,0.2,x']), [
    { id: 'a', file: 'a.MTS', starts: [0, 0.1] },
  ]);
});

test('any extension that ffmpeg reads; names with and without it are one video', async () => {
  const folder = folderOf('types', { 'GX01.MTS': transport, 'odd.foo': clip, nameless: clip, 'notes.txt': 'text' });
  const lines = ['odd.foo,0,0.1,x', 'odd,0.1,0.2,x', 'GX01.MTS,0,0.1,x', 'GX01,0.2,0.3,x', 'nameless,0,0.1,x'];
  assert.deepEqual(await prepare(folder, [...lines, 'notes,0,0.1,x']), [
    { id: 'odd.foo', file: 'odd.foo', starts: [0, 0.1] },
    { id: 'GX01', file: 'GX01.MTS', starts: [0, 0.2] },
    { id: 'nameless', file: 'nameless', starts: [0] },
    { id: 'notes', file: 'notes.mp4', starts: [0], problem: 'missing: no such video file' },
  ]);
});

test('composed and decomposed letters are the same name, in files and folders', async () => {
  const [composed, decomposed] = ['Übung', 'Übung'.normalize('NFD')];
  assert.notEqual(composed, decomposed);
  const folder = folderOf('letters', { [`${decomposed}.mp4`]: clip, [`${decomposed}s/a.mp4`]: clip });
  const found = new VideoFolder(folder);
  for (const name of [composed, decomposed, `${composed}.mp4`])
    assert.deepEqual(await found.find(name), { file: path.join(folder, `${decomposed}.mp4`), exists: true });
  assert.equal((await found.find(`${composed}s/a`)).file, path.join(folder, `${decomposed}s`, 'a.mp4'));
  const videos = await prepare(folder, [`${composed},0,0.1,x`, `${decomposed},0.1,0.2,x`]);
  assert.deepEqual(videos, [{ id: composed, file: `${decomposed}.mp4`, starts: [0, 0.1] }]);
});

test('paths of another machine are refused with their line; backslashes within a path are slashes', async () => {
  const folder = folderOf('paths', { 'match/left.mp4': clip });
  for (const foreign of ['/home/x/a.mp4', String.raw`C:\videos\a.mp4`, '../a.mp4', String.raw`..\a.mp4`])
    await assert.rejects(prepare(folder, ['match/left,0,1,x', `${foreign},0,1,x`]), {
      name: 'UsageError',
      message: /paths\.csv:3: the video id .* leads out of the folder .*: write it relative to that folder$/,
    });
  const [one] = await prepare(folder, [String.raw`match\left.mp4,0,0.1,x`]);
  assert.equal(one!.file, path.join('match', 'left.mp4'));
});

test('of a folder what is left out is counted', async () => {
  const files = { 'a.mp4': clip, b: clip, 'broken.mp4': 'text', 'n.txt': 'text', 's.srt': subtitles, '.c.mp4': clip };
  const folder = folderOf('listed', { ...files, 'below/d.mp4': clip });
  const found = await videosInFolder(folder, false);
  assert.deepEqual(found, { videos: ['a.mp4', 'b', 'broken.mp4'], others: ['n.txt', 's.srt'], folders: 1 });
  assert.deepEqual(leftOut(folder, found), [
    `${folder}: left out 2 files in which ffmpeg finds no video: n.txt, s.srt`,
    `${folder}: not looked into a folder in it`,
  ]);
  const all = await videosInFolder(folder, true);
  assert.deepEqual(all.videos, ['a.mp4', 'b', path.join('below', 'd.mp4'), 'broken.mp4']);
});
