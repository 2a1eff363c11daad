import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { analyse } from '../../src/evaluation/analysis/analyse.js';
import { evaluateProposals } from '../../src/evaluation/average-recall.js';
import { evaluateDetections } from '../../src/evaluation/detections.js';
import { readGroundTruth } from '../../src/evaluation/result-files.js';
import type { Detection, GroundTruth, Segment } from '../../src/evaluation/types.js';
import { detectionNotes } from '../../src/report/notes.js';
import { temporaryFolder } from '../support/temporary.js';

const truth = (unlabelled?: Segment[]): GroundTruth => ({
  database: {
    a: {
      subset: 's',
      duration: 100,
      annotations: [{ segment: [0, 10], label: 'x' }],
      ...(unlabelled && { unlabelled }),
    },
  },
});
const at = (start: number, end: number, score: number): Detection => ({ segment: [start, end], score, label: 'x' });
const results = { a: [at(60, 70, 0.9), at(0, 10, 0.8), at(48, 53, 0.95), at(48, 51, 0.1)] };
const options = { subset: 's', tiou: [0.5] };

test('detections of which more than half is unlabelled are not judged', () => {
  // Without the stretch, two false alarms rank above the hit.
  assert.equal(evaluateDetections(truth(), { results }, options).average_mAP, 1 / 3);
  const metrics = evaluateDetections(truth([[50, 100]]), { results }, options);
  assert.equal(metrics.average_mAP, 1);
  assert.equal(metrics.counts.detections, 4);
  assert.equal(metrics.counts.detections_used, 2);
  assert.equal(metrics.counts.detections_unlabelled, 2);
  assert.deepEqual(detectionNotes(metrics), ['2 detections lie where nobody has labelled, and are left out']);
  assert.ok(!('detections_unlabelled' in evaluateDetections(truth(), { results }, options).counts));
});

test('proposals and the analysis of errors leave them out as well', () => {
  const proposals = evaluateProposals(truth([[50, 100]]), { results }, options);
  assert.equal(proposals.counts.proposals_used, 2);
  assert.equal(proposals.counts.proposals_unlabelled, 2);
  const analysis = analyse(truth([[50, 100]]), { results }, options);
  assert.equal(analysis.counts.detections, 2);
});

test('a dataset file tells the stretches; a wrong one is named', () => {
  const file = path.join(temporaryFolder(), 'd.json');
  const write = (unlabelled: unknown) => {
    writeFileSync(file, JSON.stringify({ database: { a: { subset: 's', annotations: [], unlabelled } } }));
  };
  write([[1, 2.5]]);
  assert.deepEqual(readGroundTruth(file).database['a']!.unlabelled, [[1, 2.5]]);
  for (const wrong of [3, [3], [[1]], [[1, 'b']]]) {
    write(wrong);
    assert.throws(() => readGroundTruth(file), /database\.a\.unlabelled/);
  }
});
