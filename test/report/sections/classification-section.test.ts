import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { reportRun, type ReportedRun } from '../../../src/report/run/reported-run.js';
import { classificationSection } from '../../../src/report/sections/classification-section.js';
import { fakeClassification, hostile, writeFakeRun } from '../../support/fake-run.js';
import { temporaryFolder } from '../../support/temporary.js';

function fakeRun(t: TestContext, classification?: object | null): ReportedRun {
  const folder = path.join(temporaryFolder(t), 'run');
  writeFakeRun(folder, { seed: 1, noise: 0.5, videos: 4 });
  const file = path.join(folder, 'classification.json');
  if (classification === null) rmSync(file);
  else if (classification) writeFileSync(file, JSON.stringify(classification));
  return reportRun(folder);
}

const markupOf = (...runs: ReportedRun[]) => classificationSection(runs).markup;
const count = (markup: string, what: RegExp) => markup.match(what)?.length ?? 0;

test('a run that was not evaluated has no section, and beside another no matrix', (t) => {
  assert.equal(markupOf(fakeRun(t, null)), '');
  const markup = markupOf(fakeRun(t, null), fakeRun(t));
  assert.equal(count(markup, /<table class="confusion">/g), 1);
});

test('labels are text and never markup, in cells, heads and titles', (t) => {
  const markup = markupOf(fakeRun(t));
  assert.ok(!markup.includes('<img'));
  assert.ok(!markup.includes('<script'));
  assert.ok(markup.includes('&lt;img src=x'));
  assert.ok(hostile.startsWith('<img'));
});

test('cells say how many of how many, and are tinted by their share of the row', (t) => {
  const classification = {
    ...fakeClassification(['a', 'b'], 1),
    confusion: [
      [3, 1],
      [0, 0],
    ],
  };
  const markup = markupOf(fakeRun(t, classification)).replace(/\s+/g, ' ');
  assert.match(markup, /<td class="number right" style="--tint: 30%" title="3 of 4 a taken for a" data-value="3" >/);
  assert.match(markup, /<td class="number" style="--tint: 10%" title="1 of 4 a taken for b" data-value="1" >/);
  // No video of the class: no share of nothing.
  assert.match(markup, /style="--tint: 0%" title="0 of 0 b taken for a"/);
  // Each class heads a row and a column.
  for (const name of ['a', 'b']) {
    assert.equal(count(markup, new RegExp(`<th scope="row">${name}</th>`, 'g')), 1);
    assert.equal(count(markup, new RegExp(`<th scope="col"><span>${name}</span></th>`, 'g')), 1);
  }
});

test('of many classes those are shown that are confused most, in their order', (t) => {
  const classes = Array.from({ length: 400 }, (_, i) => `class ${i}`);
  const confusion = classes.map((_, i) => classes.map((_, j): number => (i === j ? 5 : 0)));
  // 40 classes are each taken for the next one, the later the more often.
  for (let i = 100; i < 140; i++) confusion[i]![i + 1] = i;
  const markup = markupOf(fakeRun(t, { ...fakeClassification(classes, 1), confusion }));
  const rows = [...markup.matchAll(/<th scope="row">class (\d+)<\/th>/g)].map(([, number]) => Number(number));
  assert.deepEqual(
    rows,
    Array.from({ length: 30 }, (_, i) => 110 + i),
  );
  assert.match(markup, /The 30 of 400 classes that are confused most/);
  assert.equal(count(markup, /title="\d+ of/g), 900);
  assert.match(markup, /The most frequent of 40 confusions/);
  assert.ok(markup.length < 400_000, String(markup.length));
});

test('nothing confused is said; so is an evaluation of an earlier checkpoint', (t) => {
  const right = {
    ...fakeClassification(['a', 'b'], 1),
    confusion: [
      [3, 0],
      [0, 2],
    ],
  };
  assert.match(markupOf(fakeRun(t, right)), /No video was taken for another class/);
  assert.doesNotMatch(markupOf(fakeRun(t, right)), /earlier checkpoint/);
  assert.match(markupOf(fakeRun(t, { ...right, checkpoint: 'another' })), /by an earlier checkpoint/);
});
