import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { evaluateDetections } from '../../src/evaluation/detections.js';
import { readGroundTruth, readPredictions } from '../../src/evaluation/result-files.js';
import { evaluateProposals } from '../../src/evaluation/average-recall.js';
import type { GroundTruth } from '../../src/evaluation/types.js';
import { missing, shared } from '../support/shared.js';

/** Composed cases, with the numbers of the official code (see the README there). */
const fixtures = path.resolve(import.meta.dirname, '../fixtures/evaluation');
/** Larger cases with predictions of real models. */
const real = shared('data/eval_parity');

interface Expected {
  gt: string;
  prediction: string;
  subset: string;
  tiou_thresholds: number[];
  n_gt: number;
  max_avg_nr_proposals?: number | null;
  stable_desc: {
    mAP: number[];
    average_mAP: number;
    per_class_AP: Record<string, number[]>;
    AUC_percent: number;
    avg_recall: number[];
    proposals_per_video: number[];
    'AR@': Record<string, number>;
  };
}

describe('parity with the official ActivityNet evaluator', () => {
  compare(fixtures);

  it('mAP: the case of mmaction2', () => {
    const home = path.join(fixtures, 'mmaction2');
    const expected = JSON.parse(readFileSync(path.join(home, 'expected.json'), 'utf8')) as {
      tiou_thresholds: number[];
      mAP: number[];
      average_mAP: number;
    };
    const result = evaluateDetections(
      readGroundTruth(path.join(home, 'ground-truth.json')),
      readPredictions(path.join(home, 'predictions.json')),
      { subset: 'validation', tiou: expected.tiou_thresholds },
    );
    near(result.mAP, expected.mAP, 5e-9); // the file gives 8 digits
    near([result.average_mAP], [expected.average_mAP]);
  });
});

describe('the same on predictions of real models', { skip: missing(real) }, () => {
  if (missing(real) === false) compare(real);
});

describe('the unit cases of mmaction2 for average recall', () => {
  const tiou = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];
  const evaluate = (truth: Record<string, number[][]>, proposals: Record<string, number[][]>) =>
    evaluateProposals(
      groundTruth(truth),
      {
        results: Object.fromEntries(
          Object.entries(proposals).map(([id, list]) => [
            id,
            list.map(([start, end, score]) => ({ segment: [start!, end!], score: score!, label: '' })),
          ]),
        ),
      },
      { subset: 'validation', tiou },
    );
  const two = [
    [0, 1],
    [1, 2],
  ];

  it('reaches half the instances at half the proposals', () => {
    const list = [
      [0, 1, 1],
      [1, 2, 1],
    ];
    const { AUC, curve } = evaluate({ v1: two, v2: two }, { v1: list, v2: list });
    assert.ok(Math.abs(AUC - 25.5) < 1e-9);
    near(
      curve.average_recall,
      Array.from({ length: 100 }, (_, i) => (i < 49 ? 0 : i < 99 ? 0.5 : 1)),
    );
    near(
      curve.proposals_per_video,
      Array.from({ length: 100 }, (_, i) => 0.02 * (i + 1)),
    );
  });

  it('gives nothing for proposals that miss', () => {
    const { AUC } = evaluate({ v1: two, v2: two }, { v1: [[10, 11, 1]], v2: [[12, 13, 1]] });
    assert.equal(AUC, 0);
  });

  it('gives all when the first proposal is the instance', () => {
    const list = Array.from({ length: 100 }, (_, i) => [i, i + 1, 1 / (i + 1)]);
    const { AUC, AR } = evaluate({ v1: [[0, 1]] }, { v1: list });
    assert.ok(Math.abs(AUC - 99) < 1e-9);
    assert.deepEqual(AR, { 1: 1, 5: 1, 10: 1, 50: 1, 100: 1 });
  });
});

/** Compares with each file of official numbers in `expected/` of a folder. */
function compare(folder: string): void {
  for (const file of readdirSync(path.join(folder, 'expected'))) {
    const expected = JSON.parse(readFileSync(path.join(folder, 'expected', file), 'utf8')) as Expected;
    const truth = readGroundTruth(path.join(folder, expected.gt));
    const predictions = readPredictions(path.join(folder, expected.prediction));
    const { subset, tiou_thresholds: tiou, stable_desc: official } = expected;
    if (file.startsWith('det_')) {
      it(`mAP: ${file}`, () => {
        const result = evaluateDetections(truth, predictions, { subset, tiou });
        near(result.mAP, official.mAP);
        near([result.average_mAP], [official.average_mAP]);
        assert.equal(result.counts.instances, expected.n_gt);
        assert.deepEqual(Object.keys(result.per_class).sort(), Object.keys(official.per_class_AP).sort());
        for (const [label, ap] of Object.entries(official.per_class_AP)) near(result.per_class[label]!, ap);
      });
    } else {
      it(`AR: ${file}`, () => {
        const maxAverage = expected.max_avg_nr_proposals ?? undefined;
        const result = evaluateProposals(truth, predictions, { subset, tiou, maxAverage });
        near([result.AUC], [official.AUC_percent]);
        near(result.curve.average_recall, official.avg_recall);
        near(result.curve.proposals_per_video, official.proposals_per_video);
        assert.deepEqual(Object.keys(result.AR), Object.keys(official['AR@']));
        for (const [n, ar] of Object.entries(official['AR@'])) near([result.AR[n]!], [ar]);
      });
    }
  }
}

function groundTruth(videos: Record<string, number[][]>): GroundTruth {
  return {
    database: Object.fromEntries(
      Object.entries(videos).map(([id, segments]) => [
        id,
        {
          subset: 'validation',
          annotations: segments.map(([start, end]) => ({ segment: [start!, end!], label: 'a' })),
        },
      ]),
    ),
  };
}

function near(actual: readonly number[], expected: readonly number[], tolerance = 1e-9): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]!) <= tolerance, `[${i}]: ${value}, expected ${expected[i]}`);
  });
}
