import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { randomStream, type Random } from '../../../src/engine/random.js';
import { exportFormats, type ExportFormatName } from '../../../src/report/exports/export-formats.js';
import type { ExportedVideo } from '../../../src/report/exports/exported-video.js';
import { writeExports } from '../../../src/report/exports/write-exports.js';
import { temporaryFolder } from '../../support/temporary.js';
import { told } from '../../support/tool-files.js';

const fps = 30_000 / 1001;
const names = Object.keys(exportFormats) as ExportFormatName[];

/** Labels with everything that a format may stumble over. */
const awkward = [
  'rear',
  'groom, self',
  'a "quick" one',
  "it's; so",
  '=1+1',
  "'=kept",
  '-5',
  '@home',
  '<b>bold & more',
  'phase (1)',
  'rated (0.50)',
  'Aufbäumen — 日本',
  'back\\slash',
  '1,5',
  '#5',
  'a|b',
  'NOTE this',
];

function video(id: string, random: Random, labels: readonly string[], apart: boolean): ExportedVideo {
  const frames = 3000;
  const duration = frames / fps;
  let at = 0;
  const actions = Array.from({ length: 1 + random.below(20) }, () => {
    // Where a format joins what touches, actions of a class lie apart.
    const start = apart ? at + random.between(0.1, 2) : random.between(0, duration - 6);
    const end = Math.min(start + random.between(0.1, 3), duration);
    at = end;
    return { start, end, label: random.pick(labels) };
  });
  return {
    id,
    file: `/far away/${id} ü.mp4`,
    subset: 'training',
    duration,
    clock: { frames, fps, duration },
    actions: actions.sort((a, b) => a.start - b.start || a.end - b.end),
    unlabelled: [],
  };
}

function check(name: ExportFormatName, videos: readonly ExportedVideo[], tolerance: number) {
  const folder = temporaryFolder();
  const own = temporaryFolder();
  for (const { file } of videos) writeFileSync(path.join(own, path.basename(file)), '');
  const isOne = 'all' in exportFormats[name];
  const out = isOne ? path.join(folder, `out${exportFormats[name].ending}`) : folder;
  // Files without the name of a video are called as their id, and so must be the videos.
  for (const { id } of isOne ? [] : videos) writeFileSync(path.join(own, `${id}.mp4`), '');
  writeExports(videos, name, out);
  const found = told(out, { videos: own, fps });
  const wanted = videos.map(({ id, actions }) => ({
    id: isOne || name === 'elan' ? `${id} ü` : id,
    instances: actions.map(({ label, start, end }) => [label, start, end] as const),
  }));
  assert.deepEqual(found.videos.map(({ id }) => id).sort(), wanted.map(({ id }) => id).sort());
  const byTime = (list: readonly (readonly [string, number, number])[]) =>
    [...list].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1] || a[2] - b[2]));
  for (const { id, instances } of wanted) {
    const [got, want] = [byTime(found.videos.find((one) => one.id === id)!.instances), byTime(instances)];
    assert.deepEqual(
      got.map(([label]) => label),
      want.map(([label]) => label),
    );
    got.forEach(([label, start, end], i) => {
      assert.ok(Math.abs(start - want[i]![1]) <= tolerance, `${id} ${label}: ${start} for ${want[i]![1]}`);
      assert.ok(Math.abs(end - want[i]![2]) <= tolerance, `${id} ${label}: ${end} for ${want[i]![2]}`);
    });
  }
}

for (const name of names) {
  const byFrames = name === 'label-studio' || name === 'deepethogram';
  const tolerance = byFrames ? 0.5 / fps + 1e-6 : 0.0005 + 1e-9;
  describe(`${name}, written and read again`, () => {
    it('random actions, also at the same time and of one class', () => {
      for (let seed = 1; seed <= 12; seed++) {
        const random = randomStream(seed, 'export');
        const ofName = (id: string) => video(id, random, ['a', 'b', 'c'], name === 'deepethogram');
        check(name, [ofName('one'), ofName('two')], tolerance);
      }
    });
    it('labels that it might stumble over', () => {
      // SubRip has no escapes, and says so in docs/annotations.md.
      const labels = awkward.filter((label) => name !== 'srt' || !label.startsWith('<'));
      for (let seed = 1; seed <= 6; seed++)
        check(name, [video('one', randomStream(seed, 'labels'), labels, true)], tolerance);
    });
    it('a video in which nothing happens', () => {
      const nothing = { ...video('still', randomStream(1, 'nothing'), ['a'], true), actions: [] };
      // Audacity's file of no labels and SubRip's file of no cues are empty, which is no form at all.
      if (name === 'audacity' || name === 'srt') return;
      check(
        name,
        name === 'deepethogram' ? [nothing, video('b', randomStream(1, 'b'), ['a'], true)] : [nothing],
        tolerance,
      );
    });
  });
}

describe('stretches that nobody has labelled', () => {
  const random = randomStream(3, 'stretches');
  const partial: ExportedVideo = {
    ...video('part', random, ['a'], true),
    actions: [{ start: 1, end: 2, label: 'a' }],
    unlabelled: [[50, 60]],
  };
  for (const name of names)
    it(`${name} keeps them or says that it cannot`, () => {
      const folder = temporaryFolder();
      const out = path.join(folder, `part${exportFormats[name].ending}`);
      const { notes, files } = writeExports([partial], name, out);
      assert.deepEqual(files, [out]);
      const [read] = told(out, { fps }).videos;
      if (name === 'csv' || name === 'deepethogram') {
        assert.deepEqual(notes, []);
        const [[start, end]] = read!.unlabelled as [[number, number]];
        assert.ok(Math.abs(start - 50) < 0.5 / fps && Math.abs(end - 60) < 0.5 / fps);
      } else assert.match(notes[0]!, /has no place for the 1 stretches/);
    });
});
