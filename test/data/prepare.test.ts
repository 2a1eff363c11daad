import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { loadDataset, saveDataset } from '../../src/data/dataset.js';
import { prepareDataset } from '../../src/data/prepare.js';
import { fileContent } from '../../src/system/files/file-content.js';
import { UsageError } from '../../src/system/errors.js';
import { downloads, makeDownloads, type Download } from '../support/downloads.js';
import { missing, shared } from '../support/shared.js';
import { testVideo } from '../support/videos.js';
import { temporaryFolder } from '../support/temporary.js';

const folder = temporaryFolder();
const videos = path.join(folder, 'videos');
mkdirSync(path.join(videos, 'Sub'), { recursive: true });

function annotations(lines: string[]): string {
  const file = path.join(folder, 'a.csv');
  writeFileSync(file, ['video,start,end,label,subset', ...lines].join('\n'));
  return file;
}

test('finds, measures and mends; marks what cannot be used; keeps splits', async () => {
  const plain = testVideo(path.join(videos, 'plain.mp4'), { seconds: 2 });
  copyFileSync(plain, path.join(videos, 'v_prefixed.MP4'));
  copyFileSync(plain, path.join(videos, 'bare.mkv'));
  copyFileSync(plain, path.join(videos, 'Sub', '-dash.mp4'));
  writeFileSync(path.join(videos, 'broken.mp4'), 'text');
  writeFileSync(path.join(videos, 'notes.txt'), 'text');
  const file = annotations([
    'plain,0.5,1.5,run,validation',
    'plain,1.5,9,jump,validation',
    'plain,1,1,run,validation',
    'plain,3,4,run,validation',
    'prefixed,0,1,run,',
    'v_bare,0,1,run,',
    'Sub/-dash,0,1,run,',
    'broken,0,1,run,validation',
    'notes,0,1,run,',
    'PLAIN,0,1,swim,validation',
    'PLAIN,2,1,swim,training',
  ]);
  const seen: number[] = [];
  const { dataset, warnings } = await prepareDataset({ format: 'csv', annotations: file, videos }, (done, total) => {
    assert.equal(total, 7);
    seen.push(done);
  });
  assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(
    dataset.videos.map(({ id, subset, path: file, problem }) => [id, subset, path.relative(videos, file), problem]),
    [
      ['plain', 'validation', 'plain.mp4', undefined],
      ['prefixed', 'training', 'v_prefixed.MP4', undefined],
      ['v_bare', 'training', 'bare.mkv', undefined],
      ['Sub/-dash', 'training', path.join('Sub', '-dash.mp4'), undefined],
      ['broken', 'validation', 'broken.mp4', dataset.videos[4]!.problem],
      ['notes', 'training', 'notes.mp4', 'missing: no such video file'],
      ['PLAIN', 'validation', 'PLAIN.mp4', 'missing: no such video file'],
    ],
  );
  assert.match(dataset.videos[4]!.problem!, /^not a readable video: broken\.mp4: /);
  const { instances, warnings: own, file: content, ...measured } = dataset.videos[0]!;
  assert.deepEqual(content, await fileContent(plain));
  // prettier-ignore
  assert.deepEqual(measured, {
    id: 'plain', subset: 'validation', path: plain, duration: 2, fps: 25, frames: 50, width: 64, height: 48,
  });
  assert.deepEqual(instances, [
    { start: 0.5, end: 1.5, label: 'run' },
    { start: 1.5, end: 2, label: 'jump' },
  ]);
  const ofPlain = [
    '"jump" [1.5, 9] s clipped to the video\'s 2 s',
    '"run" [1, 1] s dropped: it ends when it starts: write an end after its start',
    '"run" [3, 4] s dropped: it lies outside the video',
  ];
  assert.deepEqual(own, ofPlain);
  assert.deepEqual(warnings, [
    `${file}: 3 of 7 instances do not lie within their videos, the first: [1.5, 9] in "plain" of 2 s: ` +
      'times are seconds from the start of the video',
    ...ofPlain.slice(0, 2).map((warning) => `plain: ${warning}`),
    'PLAIN: "swim" [2, 1] s dropped: its end is not after its start',
    `plain: ${ofPlain[2]!}`,
    'PLAIN: is in "validation" and in "training": it stays in "validation", with the instances of both',
    'label "jump" is in no video of subset "training": it cannot be learnt',
    'label "swim" is in no video of subset "training": it cannot be learnt',
  ]);
  assert.deepEqual(dataset.classes, ['jump', 'run', 'swim']);

  const out = path.join(folder, 'dataset.json');
  saveDataset(out, dataset);
  assert.deepEqual(loadDataset(out), dataset);
});

test('an id never leads out of the folder', async () => {
  testVideo(path.join(folder, 'outside.mp4'), { seconds: 0.2 });
  for (const id of ['../outside', 'Sub/../../outside', path.join(folder, 'outside'), '.', 'Sub/..']) {
    const request = { format: 'csv', annotations: annotations([`${id},0,1,run,`]), videos };
    await assert.rejects(prepareDataset(request), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /leads out of the folder/);
      return true;
    });
  }
});

test('a folder that is not there is the caller’s mistake', async () => {
  const request = { format: 'csv', annotations: annotations(['a,0,1,run,']), videos: path.join(folder, 'none') };
  await assert.rejects(prepareDataset(request), UsageError);
});

test('two ids of one file: the second cannot be used, lest the file be trained and validated on', async () => {
  testVideo(path.join(videos, 'v_one.mp4'), { seconds: 0.2 });
  const file = annotations(['one,0,1,run,training', 'v_one,0,1,run,validation', 'Sub/../one,0,1,run,validation']);
  const { dataset } = await prepareDataset({ format: 'csv', annotations: file, videos });
  const taken = 'its file already belongs to "one"';
  assert.deepEqual(
    dataset.videos.map(({ problem }) => problem),
    [undefined, taken, taken],
  );
});

test('many warnings of a kind are counted; each video keeps its own', async () => {
  const lines = Array.from({ length: 8 }, (_, i) => `gone,${i + 1},${i},run,`);
  const { dataset, warnings } = await prepareDataset({ format: 'csv', annotations: annotations(lines), videos });
  assert.equal(warnings.length, 6);
  assert.equal(warnings[4], 'gone: "run" [5, 4] s dropped: its end is not after its start');
  assert.equal(warnings[5], '… 3 more instances without length');
  assert.equal(dataset.videos[0]!.warnings!.length, 8);
});

test('a file of another length than annotated is worth a warning; rounding is not', async () => {
  testVideo(path.join(videos, 'two.mp4'), { seconds: 2 });
  const prepare = async (duration: number) => {
    const database = { two: { duration, subset: 'training', annotations: [] } };
    const file = path.join(folder, 'length.json');
    writeFileSync(file, JSON.stringify({ database }));
    return (await prepareDataset({ format: 'activitynet', annotations: file, videos })).warnings;
  };
  assert.deepEqual(await prepare(2.9), []);
  assert.deepEqual(await prepare(20), ['two: the file has 2 s, but its annotation says 20 s']);
});

test('HACS: videos in the folders of its downloader, named by label', async () => {
  const hacs = path.join(folder, 'hacs');
  mkdirSync(path.join(hacs, 'Ironing_clothes'), { recursive: true });
  copyFileSync(path.join(videos, 'bare.mkv'), path.join(hacs, 'Ironing_clothes', 'v_abc.mkv'));
  copyFileSync(path.join(videos, 'bare.mkv'), path.join(hacs, 'flat.mkv'));
  copyFileSync(path.join(videos, 'bare.mkv'), path.join(folder, 'up.mkv'));
  const video = (label: string) => ({ duration: '2', subset: 'training', annotations: [{ segment: [0, 1], label }] });
  const database = { abc: video('Ironing clothes'), flat: video('Surfing'), def: video('Surfing'), up: video('..') };
  const file = path.join(folder, 'hacs.json');
  writeFileSync(file, JSON.stringify({ database }));
  const { dataset } = await prepareDataset({ format: 'hacs', annotations: file, videos: hacs });
  assert.deepEqual(
    dataset.videos.map(({ path: found, problem }) => [path.relative(hacs, found), problem]),
    [
      [path.join('Ironing_clothes', 'v_abc.mkv'), undefined],
      ['flat.mkv', undefined],
      ['def.mp4', 'missing: no such video file'],
      ['up.mp4', 'missing: no such video file'],
    ],
  );
});

/** What an annotation says of a downloaded video. */
type Annotated = Omit<Download, 'fps' | 'frames'>;

const realPair: [Annotated, Annotated] = [
  { id: 'v_GGSY1Qvo990', duration: 18.16, segment: [5.824, 16.199], label: 'Clean and jerk' },
  { id: 'v_ZNVhz7ctTq0', duration: 14.05, segment: [0.329, 14.048], label: 'Walking the dog' },
];
const made = makeDownloads(path.join(folder, 'downloads'));

for (const [what, home, [first, second]] of [
  ['two videos as YouTube hands them out', made, downloads],
  ['two real ActivityNet videos', shared('data', 'anet_two_videos'), realPair],
] as const) {
  test(what, { skip: missing(home) }, async () => {
    const described = ({ duration, segment, label }: Annotated, subset: string) => ({
      duration,
      subset,
      annotations: [{ segment, label }],
    });
    // ActivityNet's ids are without the prefix that downloaded files have.
    const database = {
      [first.id.slice(2)]: described(first, 'training'),
      [second.id]: described(second, 'validation'),
    };
    const file = path.join(folder, 'anet.json');
    writeFileSync(file, JSON.stringify({ version: '1.3', taxonomy: [], database }));
    const { dataset, warnings } = await prepareDataset({ format: 'activitynet', annotations: file, videos: home });
    assert.deepEqual(warnings, [`label "${second.label}" is in no video of subset "training": it cannot be learnt`]);
    for (const video of dataset.videos) {
      assert.equal(video.problem, undefined);
      assert.ok(Math.abs(video.duration - database[video.id]!.duration) < 0.5, video.id);
      assert.ok(video.frames > 100);
    }
  });

  test(`${what}, by CSV`, { skip: missing(home) }, async () => {
    const clock = (seconds: number) => `00:00:${seconds.toFixed(3).padStart(6, '0')}`;
    const file = annotations([
      `${first.id},${first.segment[0]},${clock(first.segment[1])},${first.label},training`,
      `${second.id}.mp4,${second.segment[0]},${second.segment[1]},${second.label},training`,
    ]);
    const { dataset, warnings } = await prepareDataset({ format: 'csv', annotations: file, videos: home });
    assert.deepEqual(warnings, []);
    for (const [i, { segment, label }] of [first, second].entries()) {
      const { problem, instances, duration } = dataset.videos[i]!;
      // The second annotation ends a little behind its video, and is clipped without a warning.
      const [start, end] = [segment[0], Math.min(segment[1], duration)];
      assert.deepEqual([problem, instances], [undefined, [{ start, end, label }]]);
    }
    assert.ok(dataset.videos[1]!.duration < second.segment[1]);
  });
}

test('frames and rate of a video as YouTube hands it out', async () => {
  const rows = downloads.map(({ id }) => `${id},0,1,run,`);
  const { dataset } = await prepareDataset({ format: 'csv', annotations: annotations(rows), videos: made });
  assert.deepEqual(
    dataset.videos.map(({ id, fps, frames }) => ({ id, fps: Number(fps.toFixed(4)), frames })),
    downloads.map(({ id, fps, frames }) => ({ id, fps, frames })),
  );
});

test('a video whose file is as it was measured is not decoded again, one that was encoded anew is', async () => {
  const folder = path.join(videos, 'again');
  mkdirSync(folder, { recursive: true });
  const [same, other] = ['same', 'other'].map((name) => testVideo(path.join(folder, `${name}.mp4`), { seconds: 2 }));
  const request = { format: 'csv', annotations: annotations(['same,0,1,run,', 'other,0,1,run,']), videos: folder };
  const first = await prepareDataset(request);
  // If it were decoded, these frames would be counted again.
  const measured = first.dataset.videos.map((video) => ({ ...video, frames: 1234 }));
  utimesSync(same!, new Date(1e12), new Date(1e12));
  testVideo(other!, { seconds: 1 });
  const { dataset } = await prepareDataset({ ...request, measured });
  assert.deepEqual(
    dataset.videos.map(({ id, frames }) => [id, frames]),
    [
      ['same', 1234],
      ['other', 25],
    ],
  );
  assert.notEqual(dataset.videos[1]!.file!.sha256, first.dataset.videos[1]!.file!.sha256);
});
