import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { studyBags, usualStudy } from '../../../tools/toys/bags/arms.js';
import { bagSets, makeBags } from '../../../tools/toys/bags/bags.js';
import { bagsPlot } from '../../../tools/toys/bags/bags-plot.js';

const arms = ['bow', 'vlad', 'fisher', 'T1 init', 'T1 learned', 'T2 init', 'T2 learned'];

test('bags hold a background, and a curve that tells the class', () => {
  for (const set of ['A', 'B'] as const) {
    const { bags, labels } = makeBags(set, 6, 0, 'train');
    bags.forEach(({ data, count }, i) => {
      assert.equal(count, 100);
      for (let n = Math.round(100 * bagSets[set].background); n < count; n++) {
        const [x, y] = [data[2 * n]!, data[2 * n + 1]!];
        const radius = set === 'A' ? 0.5 : 0.6 * (labels[i]! + 1);
        assert.ok(Math.abs(Math.hypot(x, y) - radius) < 0.25);
        if (set === 'A') assert.ok((labels[i] === 0 ? y : -y) > -0.25);
      }
    });
    assert.deepEqual(makeBags(set, 6, 0, 'train'), { bags, labels });
    assert.notDeepEqual(makeBags(set, 6, 0, 'test').bags, bags);
  }
});

test('a small study has all arms, the same every time, and a learned codebook is better', async () => {
  const study = {
    ...usualStudy,
    sets: ['A'] as const,
    words: [2],
    seeds: [0],
    train: 100,
    test: 100,
    learning: { epochs: 80, batch: 10, rate: 0.02, starts: 2 },
  };
  const results = studyBags(study);
  assert.deepEqual(
    results.map(({ arm, seed, set, K }) => [arm, seed, set, K]),
    arms.map((arm) => [arm, 0, 'A', 2]),
  );
  assert.deepEqual(studyBags(study), results);
  const accuracy = Object.fromEntries(results.map((result) => [result.arm, result.accuracy]));
  assert.equal(accuracy['T1 init'], accuracy['T2 init']);
  for (const arm of ['T1', 'T2']) assert.ok(accuracy[`${arm} learned`]! >= Math.max(0.9, accuracy[`${arm} init`]!));
  const svg = await bagsPlot(results);
  for (const arm of arms) assert.ok(svg.includes(arm));
});

test('a wrong call is one line, exit code 2', () => {
  const tool = new URL('../../../tools/toys/sets.ts', import.meta.url).pathname;
  const args = ['--import', 'tsx', tool, '--seeds', 'none'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.deepEqual([status, stdout, stderr], [2, '', '--seeds: not a count: none\n']);
});
