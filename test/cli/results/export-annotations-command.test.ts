import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { exportedVideos } from '../../../src/cli/results/exported-videos.js';
import { loadDataset } from '../../../src/data/dataset.js';
import { prepareDataset } from '../../../src/data/prepare.js';
import { parseColumns, parseLength } from '../../../src/cli/data/prepare-options.js';
import { lofi } from '../../support/lofi.js';
import { temporaryFolder } from '../../support/temporary.js';
import { writeFiles } from '../../support/tool-files.js';
import { testVideo } from '../../support/videos.js';

const folder = temporaryFolder();
const videos = path.join(folder, 'videos');
writeFiles(videos, { 'notes.txt': 'x' });
testVideo(path.join(videos, 'hen 1.mp4'), { seconds: 4 });
const out = (name: string) => path.join(folder, name);

test('prepare tells forms apart, export-annotations writes them, and prepare reads the same', async () => {
  const labels = path.join(folder, 'labels');
  writeFiles(labels, {
    'hen 1_labels.csv': `,background,walk\n${Array.from({ length: 100 }, (_, i) => `${i},${i < 25 ? '0,1' : i < 75 ? '1,0' : '-1,-1'}`).join('\n')}\n`,
    'peck.txt.csv': 'video;start;end;label\nhen 1;1,5;1,5;peck\n',
  });
  const first = await lofi([
    'prepare',
    '--annotations',
    labels,
    '--videos',
    videos,
    '--point-length',
    '0.5',
    '--out',
    out('d.json'),
  ]);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stderr, /hen 1: 25 of 100 frames are not labelled yet/);
  const [video] = loadDataset(out('d.json')).videos;
  const expected = {
    instances: [
      { start: 1.25, end: 1.75, label: 'peck' },
      { start: 0, end: 1, label: 'walk' },
    ],
    unlabelled: [[3, 4]],
  };
  assert.deepEqual({ instances: video!.instances, unlabelled: video!.unlabelled }, expected);

  const written = await lofi(['export-annotations', out('d.json'), '--format', 'csv', '--out', out('all.csv')]);
  assert.deepEqual([written.code, written.stdout], [0, `${out('all.csv')}\n`]);
  const again = await prepareDataset({ format: 'auto', annotations: out('all.csv'), videos });
  assert.deepEqual(again.warnings, []);
  const [same] = again.dataset.videos;
  assert.deepEqual(new Set(same!.instances), new Set(expected.instances));
  assert.deepEqual(same!.unlabelled, [[3, 4]]);

  const lossy = await lofi(['export-annotations', out('d.json'), '--format', 'via', '--out', out('v.json')]);
  assert.match(lossy.stderr, /via has no place for the 1 stretches that nobody has labelled/);
  const wrong = await lofi(['export-annotations', out('d.json'), '--format', 'xlsx', '--out', out('x')]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /--format xlsx: give one of boris, elan/);
});

test('points without a length are told of one by one; several files need no format', async () => {
  const [one, two] = writeFiles(folder, {
    'a.csv': 'video,start,end,label\nhen 1,1,1,peck\n',
    'b.csv': 'video,start,end,label\nhen 1,2,3,walk\n',
  }) as [string, string];
  const { dataset, warnings } = await prepareDataset({ format: 'auto', annotations: [one, two], videos });
  assert.deepEqual(dataset.videos[0]!.instances, [{ start: 2, end: 3, label: 'walk' }]);
  assert.deepEqual(warnings, ['hen 1: "peck" at 1 s left out: a point event; --point-length S gives it a length']);
  await assert.rejects(prepareDataset({ format: 'csv', annotations: [one, two], videos }), /reads one annotation file/);
});

test('detections: the chosen ones, or those that subtitles show; clocks from a dataset file', () => {
  const results = (chosen: boolean) => ({
    results: {
      'hen 1': [
        { label: 'walk', score: 0.9, segment: [2, 3] },
        { label: 'walk', score: 0.1, segment: [0, 1], ...(chosen && { chosen: true }) },
      ],
    },
  });
  const starts = (chosen: boolean, minScore: number | null) => {
    writeFileSync(out('f.json'), JSON.stringify(results(chosen)));
    return exportedVideos(out('f.json'), undefined, minScore)[0]!.actions.map(({ start }) => start);
  };
  assert.deepEqual(starts(true, null), [0]);
  assert.deepEqual(starts(false, null), [2]);
  assert.deepEqual(starts(true, 0), [0, 2]);
  assert.equal(exportedVideos(out('f.json'), undefined, null)[0]!.clock, null);
  assert.equal(exportedVideos(out('f.json'), out('d.json'), null)[0]!.clock!.fps, 25);
  assert.throws(() => exportedVideos(out('d.json'), out('d.json'), null), /--dataset is for detections/);
});

test('--columns and --point-length', () => {
  assert.deepEqual(parseColumns(['video=File, name,start=Begin', 'label=a=b']), {
    video: 'File, name',
    start: 'Begin',
    label: 'a=b',
  });
  for (const wrong of ['file=x', 'video', 'video=', 'video=a,video=b'])
    assert.throws(() => parseColumns([wrong]), /--columns/);
  for (const wrong of [0, -1, Number.NaN, 1e6]) assert.throws(() => parseLength(wrong), /--point-length/);
});
