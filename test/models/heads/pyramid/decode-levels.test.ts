import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomStream } from '../../../../src/engine/random.js';
import type { HeadInstance } from '../../../../src/models/heads/head.js';
import { assign, type Positive } from '../../../../src/models/heads/pyramid/assignment.js';
import { rowsOf } from '../../../../src/models/heads/pyramid/branches.js';
import { decode } from '../../../../src/models/heads/pyramid/decode-levels.js';
import { paddedLength, pyramidLevels } from '../../../../src/models/heads/pyramid/levels.js';

const classes = 3;
const all = { minScore: 0.001, candidates: 2000 };

/** Outputs with a high score exactly at the targets. */
function perfect(positives: readonly Positive[], snippets: number, levels: number): Float32Array {
  const { first, count } = rowsOf(paddedLength(snippets, levels), levels);
  const rows = new Float32Array(count * (classes + 2)).fill(-20);
  for (let row = 0; row < count; row++) rows.fill(1, row * (classes + 2) + classes, (row + 1) * (classes + 2));
  for (const { level, index, labels, before, after } of positives) {
    const row = (first[level]! + index) * (classes + 2);
    for (const label of labels) rows[row + label] = 5;
    rows.set([before, after], row + classes);
  }
  return rows;
}

const decoded = (rows: Float32Array, snippets: number, valid: number, levels: number, options = all) =>
  decode(
    { rows, classes },
    snippets,
    valid,
    pyramidLevels({ levels, overlap: true }),
    rowsOf(paddedLength(snippets, levels), levels),
    options,
  );

test('a location reaches by its offsets in strides, by hand', () => {
  // 8 snippets, levels of stride 1 and 2: rows 0..7, a gap, rows 9..12.
  const rows = new Float32Array(13 * (classes + 2)).fill(-30);
  rows.set([0, -30, Math.log(3), 1.5, 2], 3 * (classes + 2));
  rows.set([-30, Math.log(9), -30, 1, 0.25], (9 + 2) * (classes + 2));
  // The row between the levels must not be decoded.
  rows.set([9, 9, 9, 5, 5], 8 * (classes + 2));
  const found = decoded(rows, 8, 8, 2);
  assert.deepEqual(
    found.map(({ start, end, score, label }) => [start * 8, end * 8, Number(score.toFixed(6)), label]),
    [
      [4 - 2 + 0.5, 4 + 0.5 + 0.5, 0.9, 1],
      [3 - 1.5 + 0.5, 3 + 2 + 0.5, 0.75, 2],
      [3 - 1.5 + 0.5, 3 + 2 + 0.5, 0.5, 0],
    ],
  );
});

test('thresholds, the number of candidates, segments without length and what is not video', () => {
  const rows = new Float32Array(13 * (classes + 2)).fill(0.5);
  const count = (options: Partial<typeof all>, valid = 8) => decoded(rows, 8, valid, 2, { ...all, ...options }).length;
  assert.equal(count({}), 12 * classes);
  assert.equal(count({}, 3), (3 + 2) * classes);
  assert.equal(count({ candidates: 7 }), 7);
  assert.equal(count({ minScore: 0.7 }), 0);
  // 0.04 snippets at level 0 are too short, 0.08 at level 1 are not.
  for (let row = 0; row < 13; row++) rows.fill(0.02, row * (classes + 2) + classes, (row + 1) * (classes + 2));
  assert.equal(count({}), 4 * classes);
});

test('perfect outputs decode to the instances, whatever they are', () => {
  for (let trial = 0; trial < 60; trial++) {
    const random = randomStream(trial, 'decode');
    const snippets = 20 + random.below(400);
    const valid = Math.ceil(snippets * random.between(0.5, 1));
    const levels = 6;
    const end = valid / snippets;
    // Disjoint instances of at least 2 snippets, each of which some place learns.
    const instances: HeadInstance[] = [];
    for (let at = random.between(0, 4); ;) {
      const length = 2 + random.between(0, 1) ** 3 * 150;
      if (at + length > valid) break;
      instances.push({ start: at / snippets, end: (at + length) / snippets, label: random.below(classes) });
      at += length + random.between(0, 10);
    }
    const positives = assign(instances, snippets, valid, pyramidLevels({ levels, overlap: trial % 2 === 0 }), 1.5);
    const found = decoded(perfect(positives, snippets, levels), snippets, valid, levels, { ...all, minScore: 0.5 });
    const near = (a: number, b: number) => Math.abs(a - b) * snippets < 1e-3;
    for (const { start, end, label } of found) {
      assert.ok(
        instances.some(
          (instance) => near(instance.start, start) && near(instance.end, end) && instance.label === label,
        ),
        `trial ${trial}: [${start}, ${end}] is none`,
      );
    }
    for (const instance of instances) {
      assert.ok(
        found.some(({ start, end }) => near(instance.start, start) && near(instance.end, end)),
        `trial ${trial}: [${instance.start}, ${instance.end}] of ${snippets} is not found`,
      );
    }
    assert.ok(found.every((proposal) => proposal.start < end));
  }
});
