import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { stripVideoExtension } from '../../../../src/data/video-extensions.js';
import { missing, shared } from '../../../support/shared.js';
import { temporaryFolder } from '../../../support/temporary.js';
import { told, type Told } from '../../../support/tool-files.js';

const home = shared('data', 'annotation_tools');

interface Expected {
  files?: string[];
  instances?: Row[];
  instances_by_file?: Record<string, Row[]>;
  videos_without_instances?: string[];
  videos_refused?: string[];
  fps?: Record<string, number>;
}
interface Row {
  video: string;
  label: string;
  start: number;
  end: number;
}

/** Empty files of the names that the samples mean, as the folder of videos. */
const videos = temporaryFolder();
for (const name of ['cage A_1.mp4', 'GX010042.MP4', 'nid ä.avi', 'clip 1.mp4', 'clip 2.mp4'])
  writeFileSync(path.join(videos, name), '');

const rows = ({ videos }: Told) =>
  videos.flatMap(({ id, instances }) => instances.map(([label, start, end]) => ({ video: id, label, start, end })));
const sorted = (list: readonly Row[]) =>
  [...list].sort((a, b) => a.video.localeCompare(b.video) || a.start - b.start || a.label.localeCompare(b.label));
/** Label Studio writes `_` for spaces in names of uploads: the folder of videos knows what is meant. */
const nameOf = (name: string) => stripVideoExtension(name === 'cage_A_1.mp4' ? 'cage A_1.mp4' : name);

function compare(found: Told, expected: readonly Row[], fps?: Record<string, number>) {
  const wanted = sorted(expected.map((row) => ({ ...row, video: nameOf(row.video) })));
  const got = sorted(rows(found));
  const shown = (list: readonly Row[]) => list.map(({ video, label }) => [video, label]);
  assert.deepEqual(shown(got), shown(wanted));
  got.forEach(({ start, end }, i) => {
    const { video } = wanted[i]!;
    const rate = Object.entries(fps ?? {}).find(([name]) => nameOf(name) === video)?.[1];
    const tolerance = rate === undefined ? 1e-6 : 1 / rate + 1e-3;
    assert.ok(Math.abs(start - wanted[i]!.start) < tolerance, `${video}: ${start} is not ${wanted[i]!.start}`);
    assert.ok(Math.abs(end - wanted[i]!.end) < tolerance, `${video}: ${end} is not ${wanted[i]!.end}`);
  });
}

const folders = [
  ...['audacity', 'boris-aggregated', 'boris-project', 'boris-tabular', 'boris-tabular-v7', 'deepethogram', 'elan'],
  ...['label-studio', 'nova', 'praat', 'subtitles', 'via', 'via-csv'],
];

for (const folder of folders) {
  const file = path.join(home, folder, 'expected.json');
  test(`sample of ${folder}`, { skip: missing(file) }, () => {
    const expected = JSON.parse(readFileSync(file, 'utf8')) as Expected;
    const files = expected.files!.map((name) => path.join(home, folder, name));
    // NOVA's file does not name its video.
    const own = temporaryFolder();
    if (folder === 'nova') writeFileSync(path.join(own, 'cage A_1.mp4'), '');
    const fps = folder === 'label-studio' ? undefined : expected.fps;
    const read = (places: string | string[]) =>
      told(places, { videos: folder === 'nova' ? own : videos, fps: Object.values(expected.fps ?? {})[0] ?? 25 });
    const found = read(files);
    if (folder === 'label-studio') {
      // Two videos of different rates: one after the other.
      for (const [name, rate] of Object.entries(expected.fps!)) {
        const ofName = told(files, { videos, fps: rate });
        const only = { ...ofName, videos: ofName.videos.filter(({ id }) => id === nameOf(name)) };
        compare(
          only,
          expected.instances!.filter(({ video }) => video === name),
          { [name]: rate },
        );
      }
    } else compare(found, expected.instances!, fps);
    for (const name of expected.videos_without_instances ?? [])
      assert.deepEqual(found.videos.find(({ id }) => id === nameOf(name).normalize('NFC'))?.instances, []);
    for (const name of expected.videos_refused ?? []) {
      const video = found.videos.find(({ id }) => id === name)!;
      assert.deepEqual([video.instances, video.unlabelled], [[], [[0, 2]]]);
      assert.ok(found.kinds.includes('videos that are not labelled to the end'));
    }
    // The whole folder reads the same; what else lies in it is left out aloud.
    const whole = read(path.join(home, folder));
    assert.deepEqual(sorted(rows(whole)), sorted(rows(found)));
    assert.ok(whole.kinds.includes('files that are left out'));
  });
}

const tables = path.join(home, 'spreadsheet');
test('samples of spreadsheets', { skip: missing(tables) }, () => {
  const expected = JSON.parse(readFileSync(path.join(tables, 'expected.json'), 'utf8')) as Expected;
  for (const [name, instances] of Object.entries(expected.instances_by_file!))
    compare(told(path.join(tables, name), { videos }), instances);
  assert.ok(existsSync(path.join(tables, 'excel-de.csv')));
});
