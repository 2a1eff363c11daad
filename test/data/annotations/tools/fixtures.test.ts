import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { AnnotationSource } from '../../../../src/data/annotations/tools/annotation-source.js';
import { toolFormats } from '../../../../src/data/annotations/tools/tool-formats.js';
import { temporaryFolder } from '../../../support/temporary.js';
import { told } from '../../../support/tool-files.js';

const home = path.resolve(import.meta.dirname, '../../../fixtures/annotations/tools');
const videos = temporaryFolder();
for (const name of ['hen 1.mp4', 'hen 2.mkv']) writeFileSync(path.join(videos, name), '');

/** Each form with what its file says of hen 1: an action, and where the form has them, a point event. */
const forms: Record<string, { file: string; points?: true; others?: string[]; kinds?: string[] }> = {
  'BORIS project': { file: 'boris/project.boris', points: true, others: ['hen 2'] },
  'BORIS tabular events': { file: 'boris/events.tsv', points: true },
  'BORIS tabular events up to version 7': { file: 'boris/events-7.csv', points: true },
  'BORIS aggregated events': { file: 'boris/bouts.csv', points: true },
  ELAN: { file: 'elan.eaf' },
  'VIA project': { file: 'via.json' },
  'VIA segments (CSV)': { file: 'via.csv' },
  'Label Studio tasks': { file: 'label-studio.json' },
  'Audacity labels': { file: 'hen 1.txt', points: true },
  'Praat TextGrid': { file: 'hen 1.TextGrid', points: true },
  'DeepEthogram labels': { file: 'hen 1_labels.csv' },
  'NOVA annotation': { file: 'nova/hen 1.behaviour.annotation' },
  'SubRip subtitles (SRT)': { file: 'hen 1.srt' },
  'WebVTT subtitles': { file: 'hen 1.vtt' },
  detections: { file: 'detections.json' },
  "dataset file, or ActivityNet's annotations": { file: 'dataset.json' },
  spreadsheet: { file: 'table.csv', kinds: ['tables with other columns'] },
};

test('every form has a file here', () => {
  assert.deepEqual(
    toolFormats.map(({ name }) => name),
    Object.keys(forms),
  );
});

for (const [name, { file, points, others = [], kinds = [] }] of Object.entries(forms)) {
  test(`${name}: is told by its content alone, and read`, () => {
    const fitting = toolFormats.filter((format) =>
      format.fits(new AnnotationSource(path.join(home, file)), { columns: {} }),
    );
    assert.deepEqual(
      fitting.map((format) => format.name),
      [name],
    );
    const found = told(path.join(home, file), { videos, fps: 20 });
    const walk = ['walk', 1.5, 4.75];
    assert.deepEqual(found.videos, [
      { id: 'hen 1', subset: 'training', instances: points ? [walk, ['peck', 2.25, 2.25]] : [walk], unlabelled: [] },
      ...others.map((id) => ({ id, subset: 'training', instances: [], unlabelled: [] })),
    ]);
    assert.deepEqual(found.kinds, kinds);
  });
}

test('a folder of all forms: entries of one video are joined', () => {
  const found = told(home, { videos, fps: 20 });
  assert.deepEqual(found.videos.map(({ id }) => id).sort(), ['hen 1', 'hen 2']);
  const files = Object.values(forms).reduce((sum, { points }) => sum + (points ? 2 : 1), 0);
  assert.equal(found.videos.find(({ id }) => id === 'hen 1')!.instances.length, files);
});
