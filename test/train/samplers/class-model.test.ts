import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classModel } from '../../../src/train/samplers/class-model.js';
import { assertClose } from '../../support/numeric.js';

const at = { epoch: 0, batch: 0, shape: 'a' };
const model = classModel({ sizes: () => [2], shape: () => 'a', classes: [[0], [1], [0, 1], []], classCount: 2 });
const seen = (items: number[], losses: number[], shape = 'a') => ({ shape, items, losses, sampling: null });

describe('scores by class', () => {
  it('are the running mean and deviation of its losses, by hand', () => {
    const state = model.next(model.initial, [seen([0, 0], [1, 3])]);
    // Mean 0.9·1 + 0.1·3 = 1.2; mean square 0.9·1 + 0.1·9 = 1.8; deviation √(1.8 - 1.44) = 0.6.
    assertClose(model.scores(state, [0], at), [1.8], 1e-12);
  });

  it('of an item of several classes are the mean of theirs; one without any is background', () => {
    const state = model.next(model.initial, [seen([0, 1, 3], [1, 3, 7])]);
    assertClose(model.scores(state, [0, 1, 2, 3], at), [1, 3, 2, 7], 1e-12);
  });

  it('of a class of which nothing is known are the mean of the others, and 1 before any loss', () => {
    assert.deepEqual(model.scores(model.initial, [0, 3], at), [1, 1]);
    const state = model.next(model.initial, [seen([0], [4])]);
    assert.deepEqual(model.scores(state, [1, 3], at), [4, 4]);
  });

  it('are kept for each fidelity', () => {
    const state = model.next(model.initial, [seen([0], [4]), seen([0], [2], 'b')]);
    assert.deepEqual(model.scores(state, [0], { ...at, shape: 'b' }), [2]);
    assert.deepEqual(model.scores(state, [0], at), [4]);
  });
});
