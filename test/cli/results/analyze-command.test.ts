import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { outcomes, type Analysis } from '../../../src/evaluation/analysis/analysis-types.js';
import { lofi } from '../../support/lofi.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'lofi-analyze-'));
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

const truth = write('truth.json', {
  database: {
    v1: {
      subset: 'validation',
      duration: 100,
      annotations: [
        { segment: [0, 10], label: 'run' },
        { segment: [20, 30], label: 'ju\u001bmp' },
        { segment: [90, 90], label: 'run' },
      ],
    },
    v2: { subset: 'Test', duration: 10, annotations: [{ segment: [0, 5], label: 'run' }] },
  },
});
const predictions = write('predictions.json', {
  results: {
    v1: [
      { segment: [0, 10], score: 0.9, label: 'run' },
      { segment: [20, 30], score: 0.8, label: 'run' },
      { segment: [20, 30], score: 0.8, label: 'ju\u001bmp' },
      { segment: [0, 10], score: 0.9, label: 'swim' },
    ],
  },
});
const files = ['--ground-truth', truth, '--predictions', predictions];

describe('lofi analyze', () => {
  it('prints one JSON document and nothing else on stdout, whose totals add up', async () => {
    const { code, stdout, stderr } = await lofi(['analyze', ...files, '--json']);
    assert.equal(code, 0);
    assert.match(stderr, /^instances left out, .*: 1\ndetections left out, .*: 1\n$/);
    const { subset, tiou, counts, false_positives } = JSON.parse(stdout) as Analysis;
    assert.equal(subset, 'validation');
    assert.equal(tiou.length, 10);
    for (const numbers of false_positives.by_tiou) {
      assert.equal(
        outcomes.reduce((sum, outcome) => sum + numbers[outcome], 0),
        counts.detections_considered,
      );
    }
    assert.deepEqual(false_positives.by_tiou[0], {
      true_positive: 2,
      double_detection: 0,
      wrong_label: 1,
      localization: 0,
      confusion: 0,
      background: 0,
    });
  });

  it('prints tables for people, in which labels of the file cannot move the cursor', async () => {
    const { code, stdout } = await lofi(['analyze', ...files, '--subset', 'validation']);
    assert.equal(code, 0);
    assert.match(stdout, /wrong label .*33\.33/);
    assert.match(stdout, /length \(s\).*XS 0–30.*XL > 180/);
    assert.match(stdout, /instances of the label in the video .*XS 1 .*S 2–4 .*L ≥ 9/);
    assert.ok(!stdout.includes('\u001b'));
  });

  it('takes the split and the bins of a preset', async () => {
    const { stdout } = await lofi(['analyze', ...files, '--preset', 'thumos14', '--json']);
    const { subset, tiou, sensitivity } = JSON.parse(stdout) as Analysis;
    assert.deepEqual([subset, tiou], ['Test', [0.5]]);
    assert.deepEqual(
      sensitivity.length.map(({ instances }) => instances),
      [0, 1, 0, 0, 0],
    );
  });

  it('refuses a wrong call with one line', async () => {
    const { code, stdout, stderr } = await lofi(['analyze', ...files, '--subset', 'nope']);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /^lofi: no instances in subset "nope".*\n$/);
  });
});

function write(name: string, document: unknown): string {
  const file = path.join(folder, name);
  writeFileSync(file, JSON.stringify(document));
  return file;
}
