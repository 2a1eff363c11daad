import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toDataset, type Instance, type Video } from '../../../src/data/dataset.js';
import { mapClipLabels, mapLabels, unseenLabels } from '../../../src/data/annotations/label-map.js';

const measured = { path: '/v.mp4', duration: 60, fps: 25, frames: 1500, width: 64, height: 48 };

function video(id: string, ...instances: [number, number, string][]): Video {
  const toInstance = ([start, end, label]: [number, number, string]): Instance => ({ start, end, label });
  return { id, subset: 'training', ...measured, instances: instances.map(toInstance) };
}

test('labels are renamed, merged and dropped; classes are those that are left', () => {
  const before = toDataset([
    video('a', [0, 1, 'lying'], [1, 2, 'sleeping'], [2, 3, 'falled'], [3, 4, 'active'], [4, 5, 'walk']),
    video('b', [0, 9, 'active']),
  ]);
  const copy = structuredClone(before);
  const { dataset, warnings } = mapLabels(before, { lying: 'liedown', sleeping: 'lie', falled: 'lie', active: null });
  assert.deepEqual(warnings, []);
  assert.deepEqual(
    dataset.videos.map(({ instances }) => instances.map(({ start, label }) => [start, label])),
    [
      [
        [0, 'liedown'],
        [1, 'lie'],
        [2, 'lie'],
        [4, 'walk'],
      ],
      [],
    ],
  );
  assert.deepEqual(dataset.classes, ['lie', 'liedown', 'walk']);
  assert.deepEqual(before, copy);
});

test('overlapping instances of a merged label stay apart, the same one twice does not', () => {
  const before = toDataset([video('a', [0, 2, 'x'], [0, 2, 'y'], [1, 3, 'y'], [0, 2, 'z'])]);
  const { dataset } = mapLabels(before, { y: 'x' });
  assert.deepEqual(dataset.videos[0]!.instances, [
    { start: 0, end: 2, label: 'x' },
    { start: 1, end: 3, label: 'x' },
    { start: 0, end: 2, label: 'z' },
  ]);
});

test('each label is looked up once, so two can be exchanged', () => {
  const { dataset } = mapLabels(toDataset([video('a', [0, 1, 'x'], [1, 2, 'y'])]), { x: 'y', y: 'x' });
  assert.deepEqual(
    dataset.videos[0]!.instances.map(({ label }) => label),
    ['y', 'x'],
  );
});

test('a name that no instance bears is a warning that names the nearest', () => {
  const before = toDataset([video('a', [0, 1, 'sleeping'], [1, 2, 'constructor'])]);
  const { dataset, warnings } = mapLabels(before, { sleepin: 'lie', zzz: null, toString: null });
  assert.deepEqual(dataset, before);
  assert.deepEqual(warnings, [
    'data.labels: no instance is labelled "sleepin"; did you mean "sleeping"?',
    'data.labels: no instance is labelled "zzz"',
    'data.labels: no instance is labelled "toString"',
  ]);
});

test('clips are mapped alike, with all that is known of them', () => {
  const clip = (label: string) => ({ path: '/c.mp4', label, subset: 'training', frames: 50 });
  assert.deepEqual(mapClipLabels([clip('fight'), clip('noFight'), clip('smash')], { noFight: null, smash: 'stroke' }), [
    clip('fight'),
    clip('stroke'),
  ]);
});

test('a label that only other subsets bear cannot be learnt', () => {
  const dataset = toDataset([
    video('a', [0, 1, 'x'], [1, 2, 'y']),
    { ...video('b', [0, 1, 'y'], [1, 2, 'z']), subset: 'validation' },
  ]);
  assert.deepEqual(unseenLabels(dataset, 'training'), [
    'label "z" is in no video of subset "training": it cannot be learnt',
  ]);
  assert.deepEqual(unseenLabels(dataset, 'validation'), [
    'label "x" is in no video of subset "validation": it cannot be learnt',
  ]);
  assert.deepEqual(unseenLabels(dataset, 'Validation'), []);
});
