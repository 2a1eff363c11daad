import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { samplerKey } from '../../../src/config/sections/sampler-section.js';
import type { SeenBatch, SourceState } from '../../../src/train/batches/batch-source.js';
import { importanceSampler, type LossModel } from '../../../src/train/samplers/importance-sampler.js';
import type { Slots } from '../../../src/train/samplers/sampler.js';
import { evenSizes } from '../../../src/train/samplers/shuffled.js';

const items = 20;
const sizes = evenSizes(items, 4);
const slots: Slots = {
  sizes: () => sizes,
  shape: (_, batch) => (batch % 2 === 0 ? 'a' : 'b'),
  classes: Array.from({ length: items }, () => [0]),
  classCount: 1,
};
const options = samplerKey(['history']).parse({ smoothing: 0 });

/** A loss model whose scores are given, which counts how often it is asked. */
function given(score: (item: number) => number, asked: number[][] = [], passes = false): LossModel {
  return {
    initial: { values: 0, tensors: new Map() },
    every: 3,
    passes,
    scores(_, wanted) {
      asked.push([...wanted]);
      return wanted.map(score);
    },
    next: ({ values, tensors }, seen) => ({ values: (values as number) + seen.length, tensors }),
  };
}

const samplerWith = (model: LossModel, more: Partial<typeof options> = {}, seed = 1) =>
  importanceSampler(model, { ...options, ...more, type: model.passes ? 'model' : 'history' }, slots, seed, 'test');

describe('importance sampling', () => {
  it('begins with shuffled batches, by default an epoch of them, in which all items weigh 1', () => {
    const sampler = samplerWith(given((item) => item + 1));
    const batchOf = sampler.epoch(sampler.initial, 0);
    const epoch = sizes.map((_, batch) => batchOf(batch));
    assert.ok(epoch.every(({ sampling, items }) => sampling === null && items.every(({ weight }) => weight === 1)));
    assert.deepEqual(
      epoch.flatMap(({ items }) => items.map(({ item }) => item)).sort((a, b) => a - b),
      slots.classes.map((_, item) => item),
    );
    assert.notEqual(sampler.epoch(sampler.initial, 1)(0).sampling, null);
  });

  it('ends the warm-up within an epoch where it says so', () => {
    const sampler = samplerWith(
      given(() => 1),
      { warmup: 7 },
    );
    const drawn = [0, 1, 2].map((epoch) => {
      const batchOf = sampler.epoch(sampler.initial, epoch);
      return sizes.map((_, batch) => batchOf(batch).sampling !== null);
    });
    assert.deepEqual(drawn, [sizes.map(() => false), [false, false, true, true, true], sizes.map(() => true)]);
  });

  it('draws items as often as their scores say', () => {
    const sampler = samplerWith(
      given((item) => (item < 5 ? 3 : 1)),
      { warmup: 0, presample: 4096 },
    );
    let hard = 0;
    let all = 0;
    for (let epoch = 0; epoch < 300; epoch++) {
      const batchOf = sampler.epoch(sampler.initial, epoch);
      for (const [batch] of sizes.entries()) {
        for (const { item } of batchOf(batch).items) {
          all++;
          if (item < 5) hard++;
        }
      }
    }
    // 5·3 of 5·3 + 15·1.
    assert.ok(Math.abs(hard / all - 0.5) < 0.03, `${hard} of ${all}`);
  });

  it('gives uniform draws and weights of 1 where all scores are equal, 0 among them, for every k', () => {
    for (const score of [0, 2]) {
      for (const k of [1, 0.5, 0, -1]) {
        const sampler = samplerWith(
          given(() => score),
          { warmup: 0, k },
        );
        const { items, sampling } = sampler.epoch(sampler.initial, 0)(0);
        for (const { weight } of items) assert.ok(Math.abs(weight - 1) < 1e-12);
        assert.ok(Math.abs(sampling!.gain - 1) < 1e-12);
      }
    }
  });

  it('scores an item once between two update points and for each fidelity', () => {
    const asked: number[][] = [];
    const sampler = samplerWith(
      given(() => 1, asked),
      { warmup: 0, presample: 500 },
    );
    const batchOf = sampler.epoch(sampler.initial, 0);
    for (const batch of [0, 1, 2]) batchOf(batch);
    assert.deepEqual(
      asked.map((items) => items.length),
      [items, items],
    );
  });

  it('adds a share of the running mean to scores, which draws them together', () => {
    const scores = given((item) => (item === 0 ? 10 : 0));
    const seen: SeenBatch = { shape: 'a', items: [], losses: [], sampling: { mean: 2, gain: 1.5 } };
    const sampler = samplerWith(scores, { warmup: 0, smoothing: 0.5, presample: 2000, cap: 1000 });
    const state = sampler.next!(sampler.initial, [seen, { ...seen, sampling: { mean: 4, gain: 2 } }]);
    // Means 0.9·2 + 0.1·4 and 0.9·1.5 + 0.1·2.
    assert.deepEqual(state.values, { mean: 0.9 * 2 + 0.1 * 4, gain: 0.9 * 1.5 + 0.1 * 2, model: 2 });
    const { items } = sampler.epoch(state, 0)(0);
    const weights = new Map(items.map(({ item, weight }) => [item === 0, weight]));
    assert.ok(items.some(({ item }) => item !== 0));
    if (weights.size === 2) assert.ok(weights.get(true)! < weights.get(false)!);
  });

  it('cuts weights at the cap and says how many', () => {
    const sampler = samplerWith(
      given((item) => (item < 10 ? 100 : 1)),
      { warmup: 0, k: 1, cap: 2 },
    );
    let capped = 0;
    for (let epoch = 0; epoch < 60; epoch++) {
      const batchOf = sampler.epoch(sampler.initial, epoch);
      for (const [batch] of sizes.entries()) {
        const { items, sampling } = batchOf(batch);
        assert.ok(items.every(({ weight }) => weight <= 2));
        assert.equal(sampling!.log.capped, items.filter(({ item }) => item >= 10).length);
        capped += sampling!.log.capped;
      }
    }
    assert.ok(capped > 0);
  });

  it('leaves weights alone where it is told to', () => {
    const sampler = samplerWith(
      given((item) => item + 1),
      { warmup: 0, reweight: false },
    );
    assert.ok(
      sampler
        .epoch(
          sampler.initial,
          0,
        )(0)
        .items.every(({ weight }) => weight === 1),
    );
  });

  it('gives the same batches for the same state and seed, and others for another seed', () => {
    const draw = (seed: number) => {
      const sampler = samplerWith(
        given((item) => item + 1),
        { warmup: 0 },
        seed,
      );
      return [0, 1].map((epoch) => sizes.map((_, batch) => sampler.epoch(sampler.initial, epoch)(batch)));
    };
    assert.deepEqual(draw(1), draw(1));
    assert.notDeepEqual(draw(1), draw(2));
  });

  it('names each draw of an item, but not where the model has scored the item as it is', () => {
    const draws = (passes: boolean) => {
      const sampler = samplerWith(
        given(() => 1, [], passes),
        { warmup: 0 },
      );
      return sampler
        .epoch(
          sampler.initial,
          0,
        )(2)
        .items.map(({ draw }) => draw);
    };
    assert.deepEqual(draws(false), [
      [2, 0],
      [2, 1],
      [2, 2],
      [2, 3],
    ]);
    assert.deepEqual(draws(true), [[2], [2], [2], [2]]);
  });

  it('tells from which gain on it pays, by what scores cost', () => {
    const threshold = (passes: boolean) => {
      const sampler = samplerWith(
        given(() => 1, [], passes),
        { warmup: 0 },
      );
      return sampler.epoch(sampler.initial, 0)(0).sampling!.log.threshold;
    };
    assert.deepEqual([threshold(false), threshold(true)], [1, 2]);
  });

  it('keeps the state of its loss model beside its own', () => {
    const sampler = samplerWith(given(() => 1));
    const seen = { shape: 'a', items: [], losses: [], sampling: null };
    const state: SourceState = sampler.next!(sampler.next!(sampler.initial, [seen]), [seen, seen]);
    assert.deepEqual(state.values, { mean: null, gain: null, model: 3 });
  });
});
