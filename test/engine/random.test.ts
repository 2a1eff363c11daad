import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomStream, type Random } from '../../src/engine/random.js';

const draw = (random: Random, n = 5) => Array.from({ length: n }, () => random.uniform());

test('a stream is named by seed and name, and nothing else', () => {
  assert.deepEqual(draw(randomStream(1, 'augment', 3, 'video')), draw(randomStream(1, 'augment', 3, 'video')));
  const first = draw(randomStream(1, 'augment', 3, 'video'));
  for (const other of [
    randomStream(2, 'augment', 3, 'video'),
    randomStream(1, 'augment', 4, 'video'),
    randomStream(1, 'augment', '3', 'video'),
    randomStream(1, 'augment', 3, 'videos'),
    randomStream(1, 'augment3', 'video'),
  ]) {
    assert.notDeepEqual(draw(other), first);
  }
});

test('streams stay what they are: trained models depend on them', () => {
  const random = randomStream(0, 'test', 1);
  assert.deepEqual(
    [random.uniform(), random.below(1000), random.normal(), random.between(-2, 2)],
    [0.30388164668484763, 629, 0.702926244410562, -1.9929500531145523],
  );
});

test('uniform, between and below stay in range and are even', () => {
  const random = randomStream(3, 'range');
  const n = 20_000;
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < n; i++) {
    const value = random.uniform();
    assert.ok(value >= 0 && value < 1);
    sum += value;
    squares += value * value;
  }
  // The tolerance is five standard errors.
  assert.ok(Math.abs(sum / n - 1 / 2) < 5 * Math.sqrt(1 / 12 / n));
  assert.ok(Math.abs(squares / n - 1 / 3) < 5 * Math.sqrt(4 / 45 / n));
  const counts = new Array<number>(6).fill(0);
  for (let i = 0; i < n; i++) counts[random.below(6)]!++;
  for (const count of counts) assert.ok(Math.abs(count - n / 6) < 5 * Math.sqrt(n / 6));
  for (let i = 0; i < 1000; i++) {
    const value = random.between(-3, -2);
    assert.ok(value >= -3 && value < -2);
  }
});

test('normal has mean 0, variance 1, and tails', () => {
  const random = randomStream(4, 'normal');
  const n = 20_000;
  const values = Array.from({ length: n }, () => random.normal());
  const mean = values.reduce((a, b) => a + b, 0) / n;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / n;
  assert.ok(Math.abs(mean) < 5 / Math.sqrt(n));
  assert.ok(Math.abs(variance - 1) < 5 * Math.sqrt(2 / n));
  const beyond = values.filter((value) => Math.abs(value) > 1.96).length / n;
  assert.ok(Math.abs(beyond - 0.05) < 0.01);
});

test('shuffled is a permutation, leaves its list alone, and every place is as likely', () => {
  const list = [0, 1, 2, 3];
  const random = randomStream(5, 'shuffle');
  const first = new Array<number>(4).fill(0);
  for (let i = 0; i < 4000; i++) {
    const shuffled = random.shuffled(list);
    assert.deepEqual([...shuffled].sort(), list);
    first[shuffled[0]!]!++;
  }
  assert.deepEqual(list, [0, 1, 2, 3]);
  for (const count of first) assert.ok(Math.abs(count - 1000) < 150);
  assert.deepEqual(random.shuffled([]), []);
});

test('pick takes every element sometimes, and nothing else', () => {
  const random = randomStream(6, 'pick');
  const seen = new Set(Array.from({ length: 200 }, () => random.pick(['a', 'b', 'c'])));
  assert.deepEqual([...seen].sort(), ['a', 'b', 'c']);
});
