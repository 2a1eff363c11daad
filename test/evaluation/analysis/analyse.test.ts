import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyse } from '../../../src/evaluation/analysis/analyse.js';
import { analysisPresets } from '../../../src/evaluation/analysis/bins.js';
import { outcomes, type Outcome } from '../../../src/evaluation/analysis/analysis-types.js';
import type { Annotation, GroundTruth, Predictions, Segment } from '../../../src/evaluation/types.js';
import { UsageError } from '../../../src/system/errors.js';

type Row = [start: number, end: number, score: number, label?: string];

const instance = (start: number, end: number, label = 'run'): Annotation => ({ segment: [start, end], label });

// There are three instances of run and one of jump. Classes have 2 instances on average, so in precision a hit counts
// 2/3 for run and 2 for jump.
const truth: GroundTruth = {
  database: {
    v1: {
      subset: 'validation',
      duration: 100,
      annotations: [instance(0, 10), instance(20, 60), instance(70, 80, 'jump')],
    },
    v2: { subset: 'validation', duration: 40, annotations: [instance(0, 40)] },
    t1: { subset: 'training', duration: 40, annotations: [instance(0, 40, 'swim')] },
  },
};
const rows: Record<string, Row[]> = {
  v1: [
    [0, 10, 0.9], // claims [0, 10]
    [0, 9, 0.8], // tIoU 0.9 with it: double detection
    [70, 79, 0.7], // tIoU 0.9 with the jump: wrong label
    [20, 30, 0.6], // tIoU 0.25 with [20, 60]: localization
    [76, 86, 0.5], // tIoU 4/16 with the jump: confusion
    [88, 98, 0.4], // background
    [60, 80, 0.3, 'jump'], // tIoU 0.5: claims the jump
    [61, 65, 0.2, 'jump'], // background, for it only touches others
  ],
  elsewhere: [[0, 40, 0.1]], // background: the video is not judged
  v2: [[0, 40, 0.05, 'swim']], // no class of the subset: left out
};

describe('analyse', () => {
  it('gives each detection the outcome of DETAD', () => {
    const { counts, false_positives } = run(rows);
    assert.deepEqual(counts, {
      videos: 2,
      classes: 2,
      instances: 4,
      instances_dropped: 0,
      detections: 10,
      detections_unknown_label: 1,
      detections_considered: 9,
    });
    assert.deepEqual(false_positives.by_tiou, [
      { true_positive: 2, double_detection: 1, wrong_label: 1, localization: 1, confusion: 1, background: 3 },
    ]);
  });

  it('takes what lies on a threshold as above it: tIoU 0.5 of a claimed instance, tIoU 0.1', () => {
    const { false_positives } = run({
      v2: [
        [0, 40, 0.9],
        [0, 20, 0.8],
        [0, 4, 0.7],
        [0, 3.9, 0.6],
      ],
    });
    assert.deepEqual(false_positives.by_tiou, [
      { true_positive: 1, double_detection: 1, wrong_label: 0, localization: 1, confusion: 0, background: 1 },
    ]);
  });

  it('profiles the detections from G to G in rank', () => {
    const { profile, limit } = run(rows).false_positives;
    assert.equal(limit, 10);
    assert.deepEqual(
      profile.map(({ multiple, detections }) => [multiple, detections]),
      [[1, 4], [2, 4], [3, 1], ...Array.from({ length: 7 }, (_, i) => [i + 4, 0])],
    );
    // run's best 3 and jump's best 1; run's next 3 and jump's second; run's seventh.
    assert.deepEqual(shares(profile[0]!.share), { true_positive: 2 / 4, double_detection: 1 / 4, wrong_label: 1 / 4 });
    assert.deepEqual(shares(profile[1]!.share), { localization: 1 / 4, confusion: 1 / 4, background: 2 / 4 });
    assert.deepEqual(shares(profile[2]!.share), { background: 1 });
    assert.deepEqual(shares(profile[9]!.share), {});
  });

  it('considers at most 10 G detections of a class', () => {
    const many = Array.from({ length: 50 }, (_, i): Row => [88, 98, 1 - i / 100]);
    const { counts, false_positives } = run({ v1: many });
    assert.equal(counts.detections_considered, 30);
    assert.equal(false_positives.by_tiou[0]!.background, 30);
  });

  it('adds up: true positives and errors are the detections considered, at every threshold', () => {
    const { counts, false_positives, confusion } = run(rows, [0.3, 0.5, 0.9]);
    for (const numbers of false_positives.by_tiou) {
      assert.equal(
        outcomes.reduce((sum, outcome) => sum + numbers[outcome], 0),
        counts.detections_considered,
      );
    }
    const [first] = false_positives.profile;
    assert.equal(
      confusion.detections
        .flat()
        .concat(confusion.background)
        .reduce((a, b) => a + b),
      first!.detections,
    );
  });

  it('says what each type of error costs in normalised AP', () => {
    // Hits at run's rank 1, then errors; a hit at jump's rank 1.
    const { average_mAP_N, gain } = run(rows).false_positives;
    near(average_mAP_N, (1 / 3 + 1) / 2);
    for (const value of Object.values(gain)) near(value, 0);
    // A background detection ranks above two hits of run: first 2/3 of a hit against it, then 4/3.
    const late = run({
      v1: [
        [88, 98, 0.9],
        [0, 10, 0.8],
      ],
      v2: [[0, 40, 0.7]],
    }).false_positives;
    const ap = (2 / 3) * (4 / 3 / (4 / 3 + 1));
    near(late.average_mAP_N, ap / 2);
    near(late.gain.background, (2 / 3 - ap) / 2);
    near(late.gain.localization, 0);
  });

  it('measures sensitivity as if there were only the instances of a bucket', () => {
    const { sensitivity } = run({
      v1: [
        [0, 10, 0.9],
        [88, 98, 0.8],
        [20, 60, 0.7],
        [70, 80, 0.6, 'jump'],
      ],
    });
    // Coverage: run 0.1 and jump 0.1 in XS, run 0.4 in S, run 1 in XL.
    assert.deepEqual(
      sensitivity.coverage.map(({ name, instances }) => [name, instances]),
      [
        ['XS', 2],
        ['S', 1],
        ['M', 0],
        ['L', 0],
        ['XL', 1],
      ],
    );
    near(sensitivity.coverage[0]!.average_mAP_N!, 1);
    // The hit on [0, 10] is left out, but the background is not: the hit of the one instance counts 2 against 1.
    near(sensitivity.coverage[1]!.average_mAP_N!, 2 / 3);
    assert.equal(sensitivity.coverage[2]!.average_mAP_N, null);
    assert.equal(sensitivity.coverage[4]!.average_mAP_N, 0);
    assert.deepEqual(
      sensitivity.length.map(({ above, up_to, instances }) => [above, up_to, instances]),
      [
        [0, 30, 2],
        [30, 60, 2],
        [60, 120, 0],
        [120, 180, 0],
        [180, null, 0],
      ],
    );
    // v1 has two instances of run (S); v1 has one of jump and v2 one of run (XS).
    assert.deepEqual(
      sensitivity.num_instances.map(({ name, instances }) => [name, instances]),
      [
        ['XS', 2],
        ['S', 2],
        ['M', 0],
        ['L', 0],
      ],
    );
  });

  it('counts instances as missed that no detection finds, or only at a precision of no worth', () => {
    const found = (misses: number) => {
      const noise = Array.from({ length: misses }, (_, i): Row => [88, 98, 0.9 - i / 1000]);
      return run({ v1: [...noise, [0, 10, 0.1], [70, 80, 0.1, 'jump']] }).false_negatives.length;
    };
    // One hit of run counts 2/3: with 12 misses before it the precision is 0.0526, with 13 it is 0.0488.
    assert.deepEqual(
      found(12).map(({ missed }) => missed),
      [0, 1, null, null, null],
    );
    assert.deepEqual(
      found(13).map(({ missed }) => missed),
      [0.5, 1, null, null, null],
    );
  });

  it('tells which labels are taken for which by the best G detections of each class', () => {
    const { confusion } = run(rows);
    assert.deepEqual(confusion, {
      tiou: 0.5,
      labels: ['run', 'jump'],
      // run's best three: a hit, a double detection, and one on the jump.
      detections: [
        [2, 0],
        [1, 1],
      ],
      background: [0, 0],
      missed: [2, 0],
    });
  });

  it('leaves out instances of no length and those longer than their video', () => {
    const odd = structuredClone(truth);
    odd.database.v1!.annotations.push(instance(5, 5), instance(8, 2, 'fly'), instance(0, 101));
    const { counts } = run(rows, [0.5], odd);
    assert.deepEqual([counts.instances, counts.instances_dropped, counts.classes], [4, 3, 2]);
    const none = { database: { v: { subset: 'validation', annotations: [instance(5, 5)] } } };
    assert.throws(() => run({}, [0.5], none), UsageError);
  });

  it('knows no coverage of videos without a duration', () => {
    const bare = structuredClone(truth);
    for (const video of Object.values(bare.database)) delete video.duration;
    const { sensitivity, counts } = run(rows, [0.5], bare);
    assert.equal(counts.instances, 4);
    assert.ok(sensitivity.coverage.every(({ instances, average_mAP_N }) => instances === 0 && average_mAP_N === null));
  });

  it('stands empty predictions', () => {
    const { average_mAP_N, false_positives, false_negatives, confusion } = run({});
    assert.equal(average_mAP_N, 0);
    assert.deepEqual(shares(false_positives.by_tiou[0]!), {});
    assert.equal(false_negatives.num_instances[0]!.missed, 1);
    assert.deepEqual(confusion.missed, [3, 1]);
  });

  it("has DETAD's bins of THUMOS14", () => {
    const { bins, tiou } = analysisPresets.thumos14;
    const { sensitivity } = analyse(truth, predictions(rows), { subset: 'validation', bins, tiou });
    assert.deepEqual(
      sensitivity.length.map(({ name, instances }) => [name, instances]),
      [
        ['XS', 0],
        ['S', 0],
        ['M', 2],
        ['L', 0],
        ['XL', 2],
      ],
    );
  });
});

function run(detections: Record<string, Row[]>, tiou = [0.5], of = truth) {
  return analyse(of, predictions(detections), { subset: 'validation', tiou });
}

function predictions(detections: Record<string, Row[]>): Predictions {
  const list = (video: Row[]) =>
    video.map(([start, end, score, label = 'run']) => ({ segment: [start, end] as Segment, score, label }));
  return { results: Object.fromEntries(Object.entries(detections).map(([id, video]) => [id, list(video)])) };
}

/** The entries that are not 0. */
function shares(numbers: Record<Outcome, number>): Partial<Record<Outcome, number>> {
  return Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== 0));
}

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual}, expected ${expected}`);
}
