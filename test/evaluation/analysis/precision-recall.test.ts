import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { precisionRecall } from '../../../src/evaluation/analysis/precision-recall.js';
import { evaluateDetections } from '../../../src/evaluation/detections.js';
import type { GroundTruth, Predictions } from '../../../src/evaluation/types.js';

const truth: GroundTruth = {
  database: {
    v: {
      subset: 'test',
      annotations: [
        { segment: [0, 10], label: 'run' },
        { segment: [20, 30], label: 'run' },
        { segment: [40, 50], label: 'jump' },
      ],
    },
  },
};
const predictions: Predictions = {
  results: {
    v: [
      { segment: [60, 70], score: 0.9, label: 'run' },
      { segment: [0, 10], score: 0.8, label: 'run' },
      { segment: [20, 30], score: 0.7, label: 'jump' },
      { segment: [40, 50], score: 0.6, label: 'jump' },
      { segment: [21, 30], score: 0.5, label: 'run' },
      { segment: [0, 10], score: 0.95, label: 'swim' },
    ],
  },
};

describe('precisionRecall', () => {
  it('has a point for each true positive, and the best precision from there on', () => {
    assert.deepEqual(precisionRecall(truth, predictions, { subset: 'test', tiou: 0.5, label: 'run' }), {
      instances: 2,
      detections: 3,
      recall: [1 / 2, 1],
      precision: [2 / 3, 2 / 3],
      score: [0.8, 0.5],
    });
  });

  it('ranks all labels together, each detection for its own', () => {
    assert.deepEqual(precisionRecall(truth, predictions, { subset: 'test', tiou: 0.5 }), {
      instances: 3,
      detections: 5,
      recall: [1 / 3, 2 / 3, 1],
      precision: [3 / 5, 3 / 5, 3 / 5],
      score: [0.8, 0.6, 0.5],
    });
  });

  it('encloses the AP of its label', () => {
    const { precision, recall } = precisionRecall(truth, predictions, { subset: 'test', tiou: 0.95, label: 'run' });
    const area = recall.reduce((sum, r, i) => sum + (r - (recall[i - 1] ?? 0)) * precision[i]!, 0);
    const { per_class } = evaluateDetections(truth, predictions, { subset: 'test', tiou: [0.95] });
    assert.equal(area, per_class.run![0]);
  });

  it('is empty for a label that the subset does not have', () => {
    const { instances, recall } = precisionRecall(truth, predictions, { subset: 'test', tiou: 0.5, label: 'swim' });
    assert.deepEqual([instances, recall], [0, []]);
  });
});
