import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { evaluateRun } from '../../../src/report/run/evaluate-run.js';
import { assertClose } from '../../support/numeric.js';
import { temporaryFolder } from '../../support/temporary.js';

const video = (subset: string) => ({ subset, annotations: [{ segment: [0, 10], label: 'a' }] });

/** A run whose detection in the first video is perfect; others have none. */
function run(folder: string, subsets: string[]): string {
  const database = Object.fromEntries(subsets.map((subset, i) => [`v${i}`, video(subset)]));
  const results = { v0: [{ label: 'a', score: 0.9, segment: [0, 10] }] };
  writeFileSync(path.join(folder, 'dataset.json'), JSON.stringify({ version: '1', database }));
  writeFileSync(path.join(folder, 'detections.json'), JSON.stringify({ results }));
  return folder;
}

test('videos that could not be used count as missed over all, and are told apart', (t) => {
  const folder = run(temporaryFolder(t), ['Test', 'Test', 'Validation']);
  const { all, available } = evaluateRun(folder, 'Test');
  // One of two instances is found, with precision 1 up to recall 0.5.
  assert.equal(all.average_mAP, 0.5);
  assert.equal(all.counts.videos_missing, 1);
  assert.equal(available!.average_mAP, 1);
  assert.deepEqual(JSON.parse(readFileSync(path.join(folder, 'metrics.json'), 'utf8')), all);
});

test('where all could be used there is one number', (t) => {
  const { all, available } = evaluateRun(run(temporaryFolder(t), ['validation', 'training']), 'validation');
  assert.equal(all.average_mAP, 1);
  assert.equal(available, null);
});

test('a run of THUMOS14 is judged by its thresholds', (t) => {
  const { all } = evaluateRun(run(temporaryFolder(t), ['test']), 'test', 'thumos14');
  assertClose(all.tiou, [0.3, 0.4, 0.5, 0.6, 0.7], 1e-12);
});
