import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { readTable } from '../../../src/data/annotations/csv-table.js';
import { thumosClasses } from '../../../src/data/scores/untrimmednet.js';
import { readVideoScores, scoresOfVideos } from '../../../src/data/scores/video-scores.js';
import { UsageError } from '../../../src/system/errors.js';
import { npy } from '../../support/feature-files.js';
import { missing, shared } from '../../support/shared.js';
import { temporaryFolder } from '../../support/temporary.js';

/** Composed tables with THUMOS14's classes, and the published ones. */
const composed = path.resolve(import.meta.dirname, '../../fixtures/annotations/thumos14');
const published = shared('data/annotations/thumos14');

/** Scores that encode their place: row, and column in thousandths. */
const scores = (rows: number, columns: number) =>
  npy({
    data: Float32Array.from({ length: rows * columns }, (_, i) => Math.floor(i / columns) + (i % columns) / 1000),
    shape: [rows, columns],
  });

describe("UntrimmedNet's scores", () => {
  it('belong to the test video of the row and the class of the column', (t) => {
    const file = path.join(temporaryFolder(t), 'uNet_test.npy');
    writeFileSync(file, scores(1574, 101));
    const all = readVideoScores(file);
    assert.equal(all.size, 1574);
    const of = (video: string) => new Map(all.get(video)!.map(({ label, score }) => [label, score]));
    assert.equal(of('video_test_0000004').size, 20);
    // Column 22 is class 23.
    assert.equal(of('video_test_0000004').get('CricketBowling'), Math.fround(3.022));
    assert.equal(of('video_test_0001574').get('VolleyballSpiking'), Math.fround(1573.096));
    const { warnings } = scoresOfVideos(all, ['video_test_0000004'], Object.values(thumosClasses), {
      file,
      missing: 'fail',
    });
    assert.deepEqual(warnings, []);
  });

  for (const [what, tables] of [
    ['G-TAD’s tables', composed],
    ['the published annotations', published],
  ] as const) {
    it(`the numbers of the classes are those of ${what}`, { skip: missing(tables) }, () => {
      const named = ['gtad_val_Annotation.csv', 'gtad_test_Annotation.csv'].flatMap((name) =>
        readTable(path.join(tables, name), { required: ['type', 'type_idx'] }).map(({ fields }) => [
          fields['type_idx']!,
          fields['type']!,
        ]),
      );
      const { 0: ambiguous, ...classes } = Object.fromEntries(named) as Record<number, string>;
      assert.equal(ambiguous, 'Ambiguous');
      assert.deepEqual(classes, thumosClasses);
    });
  }

  it('another array is refused', (t) => {
    const file = path.join(temporaryFolder(t), 'x.npy');
    const refused = (content: Buffer, message: RegExp) => {
      writeFileSync(file, content);
      assert.throws(() => readVideoScores(file), { name: UsageError.name, message });
    };
    refused(scores(3, 20), /x\.npy: 3 × 20; expected one row per test video and 101 columns/);
    refused(npy({ data: new Float32Array(202).fill(-1), shape: [2, 101] }), /x\.npy: row 1: negative scores/);
    refused(Buffer.from('{}'), /not a valid \.npy file/);
  });
});
