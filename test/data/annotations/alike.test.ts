import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alikeLabels, alikeSubsets } from '../../../src/data/annotations/alike.js';

test('labels that differ in capitals, spaces or the form of letters only are named, with what to do', () => {
  const [two, ...others] = alikeLabels(['rear', 'Rear', 'walk', 'Rear']);
  assert.equal(two, 'labels "Rear" and "rear" are two: if they mean the same, set data.labels: { "rear": "Rear" }');
  assert.deepEqual(others, []);
  assert.equal(alikeLabels(['rear ', 'rear', 'hand_wave', 'hand  wave', 'rear\u00a0']).length, 3);
  assert.match(
    alikeLabels(['Übung', 'Übung'.normalize('NFD')])[0]!,
    /, whose letters are encoded differently, are two/,
  );
  assert.deepEqual(alikeLabels(['run', 'runs', 'ran', 'übung', 'ubung']), []);
});

test('subsets alike', () => {
  assert.match(alikeSubsets(['training', 'Training '])[0]!, /^subsets "Training " and "training" are two: /);
});
