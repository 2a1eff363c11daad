import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { backgroundClips } from '../../src/data/background-clips.js';
import { loadDataset, saveDataset, toDataset, type Video } from '../../src/data/dataset.js';
import { isUnlabelled, joinedStretches, wholeInstances } from '../../src/data/unlabelled-stretches.js';
import { headUnlabelled } from '../../src/stages/training/targets.js';
import { temporaryFolder } from '../support/temporary.js';

const video: Video = {
  id: 'a',
  subset: 'training',
  path: '/videos/a.mp4',
  duration: 20,
  fps: 10,
  frames: 200,
  width: 64,
  height: 48,
  instances: [{ start: 2, end: 4, label: 'x' }],
  unlabelled: [[10, 16]],
};

test('stretches are sorted, cut and joined where they meet', () => {
  const stretches = [
    [8, 9],
    [-3, 2],
    [2, 4],
    [3, 3.5],
    [30, 40],
  ] as [number, number][];
  assert.deepEqual(joinedStretches(stretches, 0, 20), [
    [0, 4],
    [8, 9],
  ]);
});

test('an instance that reaches into a stretch goes, with all that it overlaps, and its time is unlabelled', () => {
  const [before, touching, into, over, after] = [
    { start: 0, end: 1 },
    { start: 1.5, end: 2 },
    { start: 7, end: 8.5 },
    { start: 6, end: 7.5 },
    { start: 12, end: 13 },
  ] as const;
  const { whole, cut, unlabelled } = wholeInstances(
    [before, touching, into, over, after],
    [
      [2, 3],
      [8, 10],
    ],
  );
  assert.deepEqual(whole, [before, touching, after]);
  assert.deepEqual(cut, [into, over]);
  assert.deepEqual(unlabelled, [
    [2, 3],
    [6, 10],
  ]);
});

test('a video is unlabelled where the stretches cover all that it shows', () => {
  assert.equal(isUnlabelled(video), false);
  assert.equal(isUnlabelled({ ...video, unlabelled: [[0, 20]] }), true);
  assert.equal(
    isUnlabelled({
      ...video,
      start: 5,
      unlabelled: [
        [5, 12],
        [11, 20],
      ],
    }),
    true,
  );
  assert.equal(isUnlabelled({ duration: 0 }), false);
});

test('a dataset file keeps them, and refuses what is none', () => {
  const file = path.join(temporaryFolder(), 'd.json');
  saveDataset(file, toDataset([video]));
  assert.deepEqual(loadDataset(file).videos[0]!.unlabelled, [[10, 16]]);
  saveDataset(file, toDataset([{ ...video, unlabelled: [[6, 6]] }]));
  assert.throws(() => loadDataset(file), /database\.a\.unlabelled\[0\]: must be \[start, end\]/);
});

test('stage 1 takes no background from them', () => {
  const clips = backgroundClips([video], 'training', 'no x');
  assert.deepEqual(
    clips.map(({ frames }) => [frames.from, frames.from + frames.count]),
    [
      [0, 20],
      [40, 100],
      [160, 200],
    ],
  );
});

test('heads get them as fractions, also of a picture that begins late', () => {
  assert.deepEqual(headUnlabelled(video, null), [[0.5, 0.8]]);
  assert.deepEqual(headUnlabelled({ ...video, start: 10 }, 25), [[0, 0.6]]);
});
