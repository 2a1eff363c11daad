import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { analyse } from '../../../src/evaluation/analysis/analyse.js';
import { characteristics, type Analysis, type Bucket } from '../../../src/evaluation/analysis/analysis-types.js';
import { readDetections, readGroundTruth } from '../../../src/evaluation/result-files.js';
import { missing, shared } from '../../support/shared.js';

const fixtures = path.resolve(import.meta.dirname, '../../fixtures');
const real = shared('data/eval_parity');

type Numbers = Record<string, number | null>;

/** Computed once with DETAD's own functions, ported to Python 3, with ties in file order. */
interface Reference extends Pick<Analysis, 'average_mAP_N' | 'false_positives'> {
  sensitivity: Record<string, Numbers>;
  false_negatives: Record<string, Numbers>;
}

test('the analysis of composed detections is the one of the authors of DETAD', () => {
  const composed = (name: string) => path.join(fixtures, 'evaluation', name);
  compare(composed('ground-truth.json'), composed('predictions.json'), 'validation', composed('detad.json'));
});

test('the analysis of the largest parity set is the one of the authors of DETAD', { skip: missing(real) }, () => {
  const truth = path.join(real, 'gt/tcn_50salads_mid_edtcn_gt.json');
  const predictions = path.join(real, 'pred/tcn_50salads_mid_edtcn.json');
  compare(truth, predictions, 'testing', path.join(fixtures, 'detad-50salads.json'));
});

function compare(truth: string, predictions: string, subset: string, file: string): void {
  const analysis = analyse(readGroundTruth(truth), readDetections(predictions), { subset });
  const reference = JSON.parse(readFileSync(file, 'utf8')) as Reference;

  const [actual, expected] = [analysis.false_positives, reference.false_positives];
  near(analysis.average_mAP_N, reference.average_mAP_N);
  near(actual.average_mAP_N, expected.average_mAP_N);
  assert.deepEqual(actual.by_tiou, expected.by_tiou);
  nearAll(actual.gain, expected.gain);
  assert.equal(actual.profile.length, expected.profile.length);
  expected.profile.forEach(({ detections, share }, g) => {
    assert.equal(actual.profile[g]!.detections, detections);
    nearAll(actual.profile[g]!.share, share);
  });
  for (const name of characteristics) {
    nearAll(byName(analysis.sensitivity[name], 'average_mAP_N'), reference.sensitivity[name]!);
    nearAll(byName(analysis.false_negatives[name], 'missed'), reference.false_negatives[name]!);
  }
}

function byName<K extends string>(buckets: readonly (Bucket & Record<K, number | null>)[], key: K): Numbers {
  return Object.fromEntries(buckets.map((bucket) => [bucket.name, bucket[key]]));
}

function nearAll(actual: Numbers, expected: Numbers): void {
  assert.deepEqual(Object.keys(actual), Object.keys(expected));
  for (const key in expected) {
    if (expected[key] === null) assert.equal(actual[key], null);
    else near(actual[key]!, expected[key]!);
  }
}

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual}, expected ${expected}`);
}
