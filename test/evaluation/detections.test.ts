import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { evaluateDetections } from '../../src/evaluation/detections.js';
import type { Detection, GroundTruth, Predictions } from '../../src/evaluation/types.js';
import { UsageError, WorkError } from '../../src/system/errors.js';

type Row = [start: number, end: number, score: number, label?: string];

const truth: GroundTruth = {
  database: {
    v1: {
      subset: 'validation',
      annotations: [
        { segment: [0, 10], label: 'run' },
        { segment: [20, 30], label: 'run' },
        { segment: [40, 50], label: 'jump' },
      ],
    },
    v2: { subset: 'validation', annotations: [{ segment: [0, 10], label: 'run' }] },
    t1: { subset: 'training', annotations: [{ segment: [0, 10], label: 'swim' }] },
  },
};

describe('evaluateDetections', () => {
  it('is 1 for the truth itself', () => {
    const result = evaluate({
      v1: [
        [0, 10, 0.9],
        [20, 30, 0.8],
        [40, 50, 0.9, 'jump'],
      ],
      v2: [[0, 10, 0.7]],
    });
    assert.deepEqual(result.mAP, [1, 1]);
    assert.equal(result.average_mAP, 1);
  });

  it('interpolates precision: hit, miss, hit of three instances', () => {
    // Ranks 1 and 3 hit: precision 1 and 2/3, each worth a third of recall.
    const result = evaluate({
      v1: [
        [0, 10, 0.9],
        [60, 70, 0.8],
      ],
      v2: [[0, 10, 0.7]],
    });
    near(result.per_class.run!, [(1 + 2 / 3) / 3, (1 + 2 / 3) / 3]);
    near(result.per_class.jump!, [0, 0]);
    assert.equal(result.counts.classes_without_detections, 1);
  });

  it('counts the second detection of one instance as false', () => {
    const once = evaluate({ v2: [[0, 10, 0.9]] }).per_class.run!;
    const before = evaluate({
      v2: [
        [0, 9, 0.95],
        [0, 10, 0.9],
      ],
    }).per_class.run!;
    assert.deepEqual(before, once);
    const missFirst = evaluate({
      v2: [
        [0, 10, 0.9],
        [0, 9, 0.8],
      ],
      v1: [[0, 10, 0.7]],
    });
    near(missFirst.per_class.run!, [(1 + 2 / 3) / 3, (1 + 2 / 3) / 3]);
  });

  it('takes a tIoU equal to the threshold', () => {
    const result = evaluate({ v2: [[0, 5, 1]] }, [0.5, 0.500001]);
    near(result.per_class.run!, [1 / 3, 0]);
  });

  it('breaks tied scores by file order, and counts them', () => {
    const hitFirst = evaluate({
      v2: [
        [0, 10, 0.5],
        [50, 60, 0.5],
      ],
    });
    const missFirst = evaluate({
      v2: [
        [50, 60, 0.5],
        [0, 10, 0.5],
      ],
    });
    near(hitFirst.per_class.run!, [1 / 3, 1 / 3]);
    near(missFirst.per_class.run!, [1 / 6, 1 / 6]);
    assert.equal(hitFirst.counts.detections_tied, 2);
    assert.equal(
      evaluate({
        v2: [
          [0, 10, 0.5],
          [50, 60, 0.4],
        ],
      }).counts.detections_tied,
      0,
    );
  });

  it('counts detections on other videos as false positives, wherever they come from', () => {
    const result = evaluate({ nowhere: [[0, 10, 0.9]], t1: [[0, 10, 0.8]], v2: [[0, 10, 0.7]] });
    near(result.per_class.run!, [1 / 9, 1 / 9]);
    assert.equal(result.counts.detections_unknown_video, 2);
    assert.deepEqual(result.unknown.videos, ['nowhere', 't1']);
  });

  it('leaves out labels without an instance in the subset, and lists them', () => {
    const result = evaluate({
      v2: [
        [0, 10, 0.9, 'swim'],
        [0, 10, 0.9, '__proto__'],
        [0, 10, 0.7],
      ],
    });
    near(result.per_class.run!, [1 / 3, 1 / 3]);
    assert.deepEqual(result.unknown.labels, ['swim', '__proto__']);
    assert.equal(result.counts.detections_unknown_label, 2);
    assert.equal(result.counts.detections_used, 1);
  });

  it('ranks a NaN score last, and counts empty, reversed and NaN detections', () => {
    const result = evaluate({
      v2: [
        [50, 60, Number.NaN],
        [0, 10, 0.1],
        [5, 5, 0.05],
        [8, 2, 0.04],
      ],
    });
    near(result.per_class.run!, [1 / 3, 1 / 3]);
    assert.equal(result.counts.detections_nan, 1);
    assert.equal(result.counts.detections_empty_segment, 2);
  });

  it('refuses a time that is not finite, naming the video and the number of the detection', () => {
    for (const [start, end] of [
      [NaN, 1],
      [0, NaN],
      [0, Infinity],
    ] as const)
      assert.throws(
        () =>
          evaluate({
            v1: [[0, 1, 0.5]],
            v2: [
              [0, 10, 0.9],
              [start, end, 0.8],
            ],
          }),
        {
          name: 'UsageError',
          message:
            `predictions: detection 2 of video "v2" is from ${start} to ${end}: ` +
            'both must be finite numbers of seconds',
        },
      );
  });

  it('matches what the official 0/0 matches: a segment reversed onto its instance', () => {
    near(evaluate({ v2: [[10, 0, 1]] }).per_class.run!, [1 / 3, 1 / 3]);
  });

  it('is 0, not NaN, for empty predictions', () => {
    const result = evaluate({});
    assert.deepEqual(result.mAP, [0, 0]);
    assert.equal(result.counts.videos_missing, 2);
  });

  it('leaves out or refuses videos without predictions when told to', () => {
    const rows: Record<string, Row[]> = { v2: [[0, 10, 0.9]] };
    assert.deepEqual(evaluate(rows, [0.5], 'skip').mAP, [1]);
    assert.throws(
      () => evaluate(rows, [0.5], 'fail'),
      (e) => e instanceof WorkError && /v1/.test(e.message),
    );
    assert.doesNotThrow(() => evaluate({ ...rows, v1: [] }, [0.5], 'fail'));
  });

  it('names the subsets there are when the one asked for has no instance', () => {
    assert.throws(
      () => evaluateDetections(truth, { results: {} }, { subset: 'test', tiou: [0.5] }),
      (e) => e instanceof UsageError && /"test".*"validation", "training"/.test(e.message),
    );
  });

  it('keeps labels that are names of object members', () => {
    const odd: GroundTruth = {
      database: { v: { subset: 's', annotations: [{ segment: [0, 1], label: '__proto__' }] } },
    };
    const result = evaluateDetections(odd, predictions({ v: [[0, 1, 1, '__proto__']] }), { subset: 's', tiou: [0.5] });
    assert.equal(result.average_mAP, 1);
    assert.deepEqual(Object.keys(result.per_class), ['__proto__']);
  });
});

function evaluate(rows: Record<string, Row[]>, tiou = [0.5, 0.75], missing?: 'fail' | 'skip') {
  return evaluateDetections(truth, predictions(rows), { subset: 'validation', tiou, missing });
}

function predictions(rows: Record<string, Row[]>): Predictions {
  return {
    results: Object.fromEntries(
      Object.entries(rows).map(([id, list]) => [
        id,
        list.map(([start, end, score, label = 'run']): Detection => ({ segment: [start, end], score, label })),
      ]),
    ),
  };
}

function near(actual: readonly number[], expected: readonly number[]): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((v, i) => {
    assert.ok(Math.abs(v - expected[i]!) < 1e-12, `${v}, expected ${expected[i]}`);
  });
}
