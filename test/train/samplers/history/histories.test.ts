import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histories } from '../../../../src/train/samplers/history/histories.js';

test('histories keep the last ten losses of an item, the oldest first, zeros among them', () => {
  const histories = Histories.empty(3);
  for (let loss = 0; loss < 12; loss++) histories.append(1, loss);
  histories.append(2, 0);
  assert.deepEqual([...histories.of(0)], []);
  assert.deepEqual([...histories.of(1)], [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  assert.deepEqual([...histories.of(2)], [0]);
});

test('histories of one fidelity are read as they were stored, and know nothing of another', () => {
  const histories = Histories.empty(2);
  histories.append(0, 0.5);
  const tensors = histories.stored('4x32');
  assert.deepEqual([...Histories.from(tensors, '4x32', 2).of(0)], [0.5]);
  assert.deepEqual([...Histories.from(tensors, '8x16', 2).of(0)], []);
  // What is read is a copy: a state never changes.
  Histories.from(tensors, '4x32', 2).append(0, 1);
  assert.deepEqual([...Histories.from(tensors, '4x32', 2).of(0)], [0.5]);
});
