import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { parse } from 'csv-parse/sync';
import { startEngine } from '../../../src/engine/backend.js';
import type { Predictions } from '../../../src/evaluation/types.js';
import { writeModel } from '../../../src/stages/detect/model-bundle.js';
import { probe } from '../../../src/video/probe.js';
import { makeDownloads } from '../../support/downloads.js';
import { randomModel } from '../../support/random-model.js';
import { missing, shared } from '../../support/shared.js';
import { parseSrt, parseVtt } from '../../support/subtitles.js';
import { testVideo } from '../../support/videos.js';
import { lofi } from '../../support/lofi.js';
import { temporaryFolder } from '../../support/temporary.js';

const folder = temporaryFolder();
const file = (...parts: string[]) => path.join(folder, ...parts);
const model = file('model.lofi');
const labels = ['jump', 'a <b> & "c"'];

before(async () => {
  await startEngine();
  const random = randomModel(6);
  writeModel(model, random, {});
  random[Symbol.dispose]();
});

/** Checks the results of a video in every format, reading each with a strict reader of that format. */
async function assertResults(out: string, video: string): Promise<void> {
  const id = path.parse(video).name;
  const read = (extension: string) => readFileSync(path.join(out, `${id}.${extension}`), 'utf8');
  const { duration } = await probe(video);
  const { results } = JSON.parse(readFileSync(path.join(out, 'detections.json'), 'utf8')) as Predictions;
  const detections = results[id]!;
  assert.ok(detections.length > 10, id);
  for (const { label, score, segment } of detections) {
    assert.ok(labels.includes(label) && score > 0 && score < 1);
    assert.ok(0 <= segment[0] && segment[0] < segment[1] && segment[1] <= duration);
  }
  const shown = parseSrt(read('srt'));
  assert.deepEqual(parseVtt(read('vtt')), shown);
  assert.ok(shown.length > 0);
  for (const { start, end, text } of shown) {
    const near = detections.filter(({ segment }) => Math.abs(segment[0] - start) + Math.abs(segment[1] - end) < 2e-3);
    assert.ok(
      near.some(({ label, score }) => text === `${label} (${score.toFixed(2)})`),
      text,
    );
  }
  const rows: Record<string, string>[] = parse(read('csv'), { columns: true });
  assert.deepEqual(
    rows.map((row) => [row['video'], row['label'], Number(row['start']).toFixed(3)]),
    // A spreadsheet would take a name that begins with a hyphen for a formula.
    detections.map(({ label, segment: [start] }) => [id.replace(/^-/, "'-"), label, start.toFixed(3)]),
  );
  const page = read('html');
  assert.match(page, /^<!doctype html>/);
  assert.doesNotMatch(page, /a <b>|with truth/);
  assert.match(page, /data:image|"strips-data"/);
}

describe('lofi detect --model', () => {
  it('writes every form of what it finds in any video; one that is broken is named, the others are done', async () => {
    const videos = [testVideo(file('-odd "name" é.mp4'), { seconds: 9 }), testVideo(file('short.avi'), { seconds: 1 })];
    const broken = file('broken.mp4');
    writeFileSync(broken, readFileSync(videos[0]!).subarray(0, 3000));
    const out = file('found');
    const formats = ['--format', 'json,srt,vtt,html,csv'];
    const ended = await lofi(['detect', '--model', model, '--out', out, ...formats, videos[0]!, broken, videos[1]!]);
    assert.equal(ended.code, 1, ended.stderr);
    assert.match(ended.stderr, /^not done: broken: not a readable video: .*broken\.mp4: .*$/m);
    assert.match(ended.stderr, /^lofi: videos that could not be read: 1; the others are done$/m);
    assert.equal(ended.stdout, `${out}/detections.json\n`);
    const names = videos.flatMap((video) => ['csv', 'html', 'srt', 'vtt'].map((e) => `${path.parse(video).name}.${e}`));
    assert.deepEqual(readdirSync(out), [...names, 'detections.json'].sort());
    for (const video of videos) await assertResults(out, video);
  });

  it('in a folder of videos as YouTube hands them out', async () => {
    await assertFolder(makeDownloads(file('downloads')), file('downloaded'));
  });

  const real = shared('data', 'anet_two_videos');
  it('in a folder of real videos', { skip: missing(real) }, () => assertFolder(real, file('real')));

  async function assertFolder(videos: string, out: string): Promise<void> {
    const ended = await lofi(['detect', '--model', model, '--out', out, '--format', 'srt,vtt,csv,html', videos]);
    assert.equal(ended.code, 0, ended.stderr);
    for (const name of readdirSync(videos)) await assertResults(out, path.join(videos, name));
  }

  it('--min-score decides what subtitles show', async () => {
    const video = testVideo(file('scores.mp4'), { seconds: 4 });
    const out = file('none');
    const args = ['detect', '--model', model, '--out', out, '--format', 'srt,vtt', '--min-score', '1', video];
    assert.equal((await lofi(args)).code, 0);
    assert.equal(readFileSync(path.join(out, 'scores.srt'), 'utf8'), '');
    assert.equal(readFileSync(path.join(out, 'scores.vtt'), 'utf8'), 'WEBVTT\n');
  });

  it('wrong calls: one line that says what to do, and nothing is written', async () => {
    const video = testVideo(file('a.mp4'), { seconds: 1 });
    const out = ['--out', file('wrong')];
    for (const [args, said] of [
      [[video, ...out], /give --run DIR or --model FILE/],
      [['--model', model, '--subset', 'validation', ...out], /--subset names a split of a run's dataset/],
      [['--model', model, video], /--out FOLDER is needed/],
      [
        ['--model', model, video, ...out, '--format', 'srt,ass'],
        /--format ass: give some of json, srt, vtt, csv, html, boris, elan, label-studio, via, audacity, deepethogram$/,
      ],
      [['--model', model, video, ...out, '--min-score', 'x'], /--min-score takes a number/],
      [['--model', file('no.lofi'), video, ...out], /model bundle not found: .*no\.lofi/],
      [['--model', model, file('no.mp4'), ...out], /video not found: .*no\.mp4/],
    ] as [string[], RegExp][]) {
      const { code, stdout, stderr } = await lofi(['detect', ...args]);
      assert.deepEqual([code, stdout], [2, ''], stderr);
      assert.match(stderr.trimEnd(), said);
      assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
    }
    assert.ok(!existsSync(file('wrong')));
  });
});
