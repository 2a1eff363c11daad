import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startEngine } from '../../../../src/engine/backend.js';
import { randomStream } from '../../../../src/engine/random.js';
import type { SourceState } from '../../../../src/train/batches/batch-source.js';
import { historyModel } from '../../../../src/train/samplers/history/history-model.js';
import type { Slots } from '../../../../src/train/samplers/sampler.js';

await startEngine();

const items = 64;
const slots: Slots = {
  sizes: () => [16],
  shape: () => 'a',
  classes: Array.from({ length: items }, (_, item) => (item % 5 === 0 ? [] : [item % 4])),
  classCount: 4,
};
const at = { epoch: 0, batch: 0, shape: 'a' };

describe('the history of losses as a loss model', () => {
  it('learns a stream of decaying losses: its squared error is less than a tenth of their variance', () => {
    const model = historyModel(slots, 1, 'test');
    const random = randomStream(1, 'stream');
    const scale = Array.from({ length: items }, () => random.between(0.3, 3));
    const times = Array.from({ length: items }, () => 0);
    let state: SourceState = model.initial;
    const errors: number[] = [];
    const losses: number[] = [];
    for (let step = 0; step < 800; step++) {
      const batch = Array.from({ length: 16 }, () => random.below(items));
      const own = batch.map((item) => scale[item]! * 0.99 ** times[item]!++ + 0.02 * random.normal());
      if (step >= 600) {
        const predicted = model.scores(state, batch, at);
        errors.push(...predicted.map((score, i) => (score - own[i]!) ** 2));
        losses.push(...own);
      }
      state = model.next(state, [{ shape: 'a', items: batch, losses: own.map(Math.abs), sampling: null }]);
    }
    const mean = (list: readonly number[]) => list.reduce((sum, one) => sum + one, 0) / list.length;
    const variance = mean(losses.map((loss) => (loss - mean(losses)) ** 2));
    assert.ok(mean(errors) < 0.1 * variance, `${mean(errors)} of ${variance}`);
  });

  it('gives the same chance to all before it has seen a loss', () => {
    const model = historyModel(slots, 1, 'test');
    assert.deepEqual(model.scores(model.initial, [0, 1, 2], at), [1, 1, 1]);
  });

  it('does not change the state that it is given, and goes on the same from the same', () => {
    const model = historyModel(slots, 1, 'test');
    const seen = [{ shape: 'a', items: [1, 2, 2], losses: [1, 2, 0.5], sampling: null }];
    const before = JSON.stringify([
      model.initial.values,
      ...[...model.initial.tensors].map(([, { data }]) => [...data]),
    ]);
    const next = model.next(model.initial, seen);
    assert.equal(
      JSON.stringify([model.initial.values, ...[...model.initial.tensors].map(([, { data }]) => [...data])]),
      before,
    );
    assert.deepEqual(model.next(model.initial, seen), next);
    // Both losses of an item that came twice are remembered.
    assert.deepEqual([...next.tensors.get('counts.a')!.data.slice(0, 4)], [0, 1, 2, 0]);
  });

  it('keeps the histories of two fidelities apart', () => {
    const model = historyModel(slots, 1, 'test');
    const batch = (shape: string, loss: number) => ({ shape, items: [1], losses: [loss], sampling: null });
    const state = model.next(model.initial, [batch('a', 1), batch('b', 3), batch('a', 2)]);
    assert.deepEqual([...state.tensors.get('losses.a')!.data.slice(10, 12)], [1, 2]);
    assert.deepEqual([...state.tensors.get('losses.b')!.data.slice(10, 12)], [3, 0]);
    assert.deepEqual([...state.tensors.get('counts.b')!.data.slice(0, 3)], [0, 1, 0]);
  });

  it('goes on from a batch whose losses are all 0', () => {
    const model = historyModel(slots, 1, 'test');
    const state = model.next(model.initial, [{ shape: 'a', items: [1], losses: [0], sampling: null }]);
    assert.deepEqual(model.scores(state, [1, 2], at), [1, 1]);
  });
});
