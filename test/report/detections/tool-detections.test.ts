import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseFormats, writeDetections } from '../../../src/report/detections/write-detections.js';
import { temporaryFolder } from '../../support/temporary.js';
import { told } from '../../support/tool-files.js';

const found = {
  id: 'hen 1',
  file: '/videos/hen 1.mp4',
  duration: 30,
  clock: { frames: 600, fps: 20, duration: 30 },
  warnings: [],
  detections: [
    { segment: [8, 9] as [number, number], score: 0.1, label: 'walk' },
    { segment: [4, 6.5] as [number, number], score: 0.9, label: 'walk' },
    { segment: [1, 2] as [number, number], score: 0.6, label: 'peck' },
  ],
};
const names = 'boris,elan,label-studio,via,audacity,deepethogram';

test('detections for labelling tools: what subtitles show, a file for each video and tool', async () => {
  const folder = temporaryFolder();
  const failures = await writeDetections({ folder, formats: parseFormats(names), minScore: null }, [found]);
  assert.deepEqual(failures, []);
  const files = ['hen 1.boris', 'hen 1.eaf', 'hen 1.tasks.json', 'hen 1.txt', 'hen 1.via.json', 'hen 1_labels.csv'];
  assert.deepEqual(readdirSync(folder).sort(), ['detections.json', ...files].sort());
  for (const name of files) {
    const read = () => told(path.join(folder, name), { fps: 20 });
    // What a model proposes is no label.
    if (name === 'hen 1.tasks.json') assert.deepEqual(read().videos, []);
    else
      assert.deepEqual(
        read().videos,
        [
          {
            id: 'hen 1',
            subset: 'training',
            instances: [
              ['peck', 1, 2],
              ['walk', 4, 6.5],
            ],
            unlabelled: [],
          },
        ],
        name,
      );
  }
});

test('a name that there is not is refused with all that there are', () => {
  assert.throws(() => parseFormats('xlsx'), /give some of json, srt, vtt, csv, html, boris, elan, label-studio/);
});
