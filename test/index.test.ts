import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluateDetections, presets, type GroundTruth } from '../src/index.js';

const truth: GroundTruth = {
  database: { a: { subset: 'validation', duration: 20, annotations: [{ segment: [2, 8], label: 'jump' }] } },
};

test('the library evaluates detections, and loads no engine for it', () => {
  const results = { a: [{ segment: [2, 8] as [number, number], score: 0.9, label: 'jump' }] };
  const { tiou } = presets.activitynet;
  assert.equal(evaluateDetections(truth, { results }, { subset: 'validation', tiou }).average_mAP, 1);
  // tfjs-core leaves this behind wherever it is loaded.
  assert.ok(!('_tfengine' in globalThis));
});
