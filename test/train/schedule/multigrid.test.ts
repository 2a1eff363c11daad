import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { configSchema } from '../../../src/config/schema.js';
import { randomStream } from '../../../src/engine/random.js';
import { UsageError } from '../../../src/system/errors.js';
import {
  batchNormGroups,
  epochShapes,
  multigridPlan,
  multigridRate,
  segmentAt,
  type BatchShape,
  type Multigrid,
  type MultigridSegment,
} from '../../../src/train/schedule/multigrid.js';

/** Multigrid's defaults, in which `changes` are made. */
function options(changes: Partial<Multigrid> = {}): Multigrid {
  return configSchema.parse({ pretrain: { multigrid: changes } }).pretrain.multigrid!;
}

/** SlowFast's: 32 frames of 224², rate dropped by ten. */
const slowFast = (lrSteps: number[], epochs: number) => ({
  frames: 32,
  stride: 2,
  size: 224,
  batch: 64,
  lrGamma: 0.1,
  lrSteps,
  epochs,
});
const kinetics = slowFast([94, 154, 196], 239);

const starts = (plan: MultigridSegment[]) => plan.map(({ epochs }) => epochs.from);
/** The ends of the shapes. The last shape has two halves, which count as one. */
const boundaries = (plan: MultigridSegment[]) =>
  plan.map(({ epochs }) => epochs.to).filter((_, i) => i !== plan.length - 2);
const long = ({ cycle }: MultigridSegment) => cycle.at(-1)!;

function assertNear(actual: readonly number[], expected: readonly number[]): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, i) => {
    const wanted = expected[i]!;
    assert.ok(Math.abs(value - wanted) <= 1e-9 * Math.abs(wanted), `${i}: ${value}, not ${wanted}`);
  });
}

describe('the published schedules (docs/method.md §5.4)', () => {
  it('SLOWFAST_8x8 on Kinetics-400: boundaries, STEPS and LRS', () => {
    const plan = multigridPlan(options(), kinetics);
    assert.deepEqual(boundaries(plan), [73, 110, 142, 158, 205, 228, 248, 259, 291, 308, 322, 329, 358]);
    assert.deepEqual(starts(plan), [0, 73, 110, 142, 158, 205, 228, 248, 259, 291, 308, 322, 329, 343]);
    assertNear(
      plan.map(({ lr }) => lr),
      [8, 4, 2, 1, 0.8, 0.4, 0.2, 0.1, 0.08, 0.04, 0.02, 0.01, 0.01, 0.001],
    );
  });

  it('Charades and Something-Something V2: boundaries', () => {
    const charades = multigridPlan(options(), slowFast([41, 49], 57));
    assert.deepEqual(boundaries(charades), [31, 47, 60, 67, 73, 76, 79, 80, 86]);
    const ssv2 = multigridPlan(options(), slowFast([14, 18], 22));
    assert.deepEqual(boundaries(ssv2), [11, 16, 21, 24, 27, 28, 30, 30, 33]);
  });

  it("a dozen others are what the authors' algorithm makes of them", () => {
    // Random settings, run through a transcription of SlowFast's multigrid.py and ShortCycleBatchSampler (batch 16,
    // NumPy 2.4).
    const file = new URL('../../fixtures/multigrid-slowfast.json', import.meta.url);
    const cases = JSON.parse(readFileSync(file, 'utf8')) as {
      training: { frames: number; size: number; epochs: number; lrSteps: number[]; lrGamma: number };
      multigrid: Partial<Multigrid>;
      steps: number[];
      end: number;
      lrs: number[];
      batches: number[][];
    }[];
    assert.equal(cases.length, 12);
    for (const { training, multigrid, steps, end, lrs, batches } of cases) {
      const plan = multigridPlan(options(multigrid), { ...training, stride: 2, batch: 16 });
      assert.deepEqual(starts(plan), steps);
      assert.equal(plan.at(-1)!.epochs.to, end);
      assertNear(
        plan.map(({ lr }) => lr),
        lrs,
      );
      assert.deepEqual(
        plan.map(({ cycle }) => cycle.map(({ batch }) => batch)),
        batches,
      );
    }
  });
});

describe('shapes', () => {
  it('of long and short cycle, with their batches (docs/method.md §5.2, §5.3)', () => {
    const shapes = multigridPlan(options(), kinetics).slice(0, 4);
    const cycle = (frames: number, sizes: number[], batches: number[]) =>
      sizes.map((size, i) => ({ frames, size, batch: 64 * batches[i]! }));
    assert.deepEqual(
      shapes.map((shape) => shape.cycle),
      [
        cycle(8, [112, 158, 158], [16, 8, 8]),
        cycle(16, [112, 158, 158], [8, 4, 4]),
        cycle(16, [112, 158, 224], [8, 4, 2]),
        cycle(32, [112, 158, 224], [4, 2, 1]),
      ],
    );
  });

  it('of eight frames, with strides that may span as much time (docs/method.md §5.6)', () => {
    const plan = multigridPlan(options(), { ...kinetics, frames: 8, stride: 8 }).slice(0, 4);
    assert.deepEqual(
      plan.map((segment) => long(segment).frames),
      [2, 4, 4, 8],
    );
    assert.deepEqual(
      plan.map(({ strides }) => [strides.from, strides.to]),
      [
        [8, 32],
        [8, 16],
        [8, 16],
        [8, 8],
      ],
    );
  });

  it('never have less than one frame, pixel or clip', () => {
    const plan = multigridPlan(options(), { ...kinetics, frames: 1, size: 2, batch: 1 });
    for (const { cycle, strides } of plan) {
      for (const { frames, size, batch } of cycle) assert.ok(frames === 1 && size >= 1 && batch >= 1);
      assert.deepEqual(strides, { from: 2, to: 2 });
    }
  });

  it('of the short cycle are never larger than the long one, whose batch they would not fit', () => {
    const [small] = multigridPlan(options({ longFactors: [{ frames: 1, size: 0.25 }] }), kinetics);
    assert.deepEqual(small!.cycle, Array(3).fill({ frames: 32, size: 56, batch: 16 * 64 }));
  });

  it('without short cycle: one a segment', () => {
    const plan = multigridPlan(options({ shortCycle: false }), kinetics);
    assert.ok(plan.every(({ cycle }) => cycle.length === 1));
    assert.deepEqual(
      plan.slice(0, 4).map((segment) => long(segment).batch),
      [512, 256, 128, 64],
    );
  });
});

describe('properties, over random settings', () => {
  const random = randomStream(5, 'multigrid');
  const settings = Array.from({ length: 200 }, () => {
    const epochs = 20 + random.below(300);
    const candidates = random.shuffled(Array.from({ length: epochs - 1 }, (_, i) => i + 1));
    const longFactors = Array.from({ length: 1 + random.below(5) }, () => ({
      frames: random.between(0.1, 1),
      size: random.between(0.7072, 1),
    }));
    const training = {
      frames: 4 + random.below(60),
      stride: 1 + random.below(8),
      size: 64 + random.below(200),
      batch: 1 + random.below(200),
      lrGamma: random.between(0.1, 0.9),
      lrSteps: candidates.slice(0, 1 + random.below(4)),
      epochs,
    };
    const multigrid = options({
      longFactors,
      shortCycle: random.below(2) === 0,
      epochFactor: random.between(0.5, 3),
    });
    return { training, multigrid, plan: multigridPlan(multigrid, training) };
  });

  const halfToEven = (x: number) => (x % 1 === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
  /**
   * Number of clips that cost as much as one full clip, on average over the shapes of a short
   * cycle, with sides before rounding.
   */
  const meanGrowth = (full: { frames: number; size: number }, multigrid: Multigrid, { frames, size }: BatchShape) => {
    const sides = [...(multigrid.shortCycle ? [full.size / 2, full.size * Math.SQRT1_2] : []), size];
    const growths = sides.map((side) => halfToEven((full.frames * full.size ** 2) / (frames * side ** 2)));
    return growths.reduce((total, growth) => total + growth, 0) / growths.length;
  };

  it('a batch of any long shape costs what the full batch costs, within the rounding of its growth', () => {
    for (const { training, plan } of settings) {
      const { frames: T, size: S, batch: B } = training;
      for (const segment of plan) {
        const { frames, size, batch } = long(segment);
        const clips = B * frames * size ** 2;
        assert.ok(Math.abs(batch * frames * size ** 2 - B * T * S ** 2) <= clips / 2, JSON.stringify(training));
      }
    }
  });

  it('every plateau of the rate but the last is one long cycle, with as many iterations in each shape', () => {
    for (const { training, multigrid, plan } of settings) {
      const { longFactors } = multigrid;
      assert.equal(plan.length, training.lrSteps.length * longFactors.length + 2);
      for (let plateau = 0; plateau < training.lrSteps.length; plateau++) {
        const cycle = plan.slice(plateau * longFactors.length, (plateau + 1) * longFactors.length);
        assert.deepEqual(
          cycle.map((segment) => long(segment).size),
          longFactors.map(({ size }) => Math.round(training.size * size)),
        );
        const rates = cycle.map(({ lr }, i) => lr / (long(cycle[i]!).batch / training.batch));
        assertNear(rates, Array<number>(rates.length).fill(training.lrGamma ** plateau));
        // Rounding moves each end of a segment by at most half an epoch.
        const iterations = cycle.map((segment) => {
          const length = segment.epochs.to - segment.epochs.from;
          const growth = meanGrowth(training, multigrid, long(segment));
          return { least: (length - 1) / growth, most: (length + 1) / growth };
        });
        const atLeast = Math.max(...iterations.map(({ least }) => least));
        const atMost = Math.min(...iterations.map(({ most }) => most));
        assert.ok(atLeast <= atMost + 1e-9, JSON.stringify(iterations));
      }
    }
  });

  it('segments follow without gap, boundaries never fall, and the whole is epochFactor times the epochs', () => {
    for (const { training, multigrid, plan } of settings) {
      let end = 0;
      for (const { epochs } of plan) {
        assert.equal(epochs.from, end);
        assert.ok(epochs.to >= epochs.from);
        end = epochs.to;
      }
      assert.ok(Math.abs(end - training.epochs * multigrid.epochFactor) <= 0.5 + 1e-9);
    }
  });

  it('an epoch is consecutive slices that have every clip once', () => {
    for (const { plan } of settings) {
      for (const segment of plan) {
        const sum = segment.cycle.reduce((total, { batch }) => total + batch, 0);
        for (const clips of [1, sum - 1, sum, sum + 1, 7 * sum + 1].filter((n) => n > 0)) {
          const batches = epochShapes(segment, clips).map(({ batch }) => batch);
          const before = batches.slice(0, -1).reduce((total, batch) => total + batch, 0);
          assert.ok(before < clips && clips <= before + batches.at(-1)!);
          const mean = sum / segment.cycle.length;
          assert.ok(Math.abs(batches.length - clips / mean) <= segment.cycle.length);
        }
      }
    }
  });

  it('groups of normalisation share a batch evenly, and are no smaller where it is', () => {
    for (const { plan, multigrid } of settings) {
      for (const segment of plan) {
        const { batch } = long(segment);
        const smallest = Math.min(batch, multigrid.batchNormBase);
        for (const clips of [1, smallest, batch - 1, batch, 2 * batch].filter((n) => n > 0)) {
          const groups = batchNormGroups(segment, clips);
          assert.equal(
            groups.reduce((total, group) => total + group, 0),
            clips,
          );
          assert.ok(Math.max(...groups) - Math.min(...groups) <= 1);
          assert.ok(Math.min(...groups) >= Math.min(clips, smallest));
          if (clips >= batch) assert.equal(groups.length, segment.batchNormSplits);
        }
      }
    }
  });
});

describe('an epoch', () => {
  const plan = multigridPlan(options(), slowFast([14, 18], 22));

  it('lies in the segment that it has begun, never in an empty one; beyond the end in the last', () => {
    assert.deepEqual(
      [0, 10.9, 11, 29.5, 30, 30.9, 31, 99].map((epoch) => plan.indexOf(segmentAt(plan, epoch))),
      [0, 0, 1, 6, 8, 8, 9, 9],
    );
    assert.deepEqual(plan[7]!.epochs, { from: 30, to: 30 });
  });

  it('goes through the short cycle from its start', () => {
    const [segment] = plan;
    const sizes = (clips: number) => epochShapes(segment!, clips).map(({ size, batch }) => `${size}:${batch}`);
    assert.deepEqual(sizes(2050), ['112:1024', '158:512', '158:512', '112:1024']);
    assert.deepEqual(sizes(2048), ['112:1024', '158:512', '158:512']);
    assert.deepEqual(sizes(1), ['112:1024']);
  });
});

describe('groups of batch normalisation (docs/method.md §5.7)', () => {
  const splits = (batch: number, batchNormBase: number) =>
    multigridPlan(options({ batchNormBase }), { ...kinetics, batch })
      .slice(0, 4)
      .map(({ batchNormSplits }) => batchNormSplits);

  it("as many as the base goes into the long cycle's batch, one at least", () => {
    assert.deepEqual(splits(8, 8), [8, 4, 2, 1]);
    assert.deepEqual(splits(20, 8), [20, 10, 5, 2]);
    assert.deepEqual(splits(2, 8), [2, 1, 1, 1]);
    assert.deepEqual(splits(1, 8), [1, 1, 1, 1]);
  });

  it('follow the long cycle only: larger batches make larger groups, a rest fewer', () => {
    const [first] = multigridPlan(options(), { ...kinetics, batch: 8 });
    assert.deepEqual(batchNormGroups(first!, 128), Array(8).fill(16));
    assert.deepEqual(batchNormGroups(first!, 64), Array(8).fill(8));
    assert.deepEqual(batchNormGroups(first!, 19), [9, 10]);
    assert.deepEqual(batchNormGroups(first!, 3), [3]);
  });
});

describe('learning rate (docs/method.md §5.5)', () => {
  const plan = multigridPlan(options(), kinetics);
  const rate = (epoch: number, warmupEpochs = 34) => multigridRate(plan, { lr: 0.1, warmupEpochs }, epoch);

  it('warms up from a tenth of the base rate to what the plan has at the end, then is the plan’s', () => {
    assertNear(
      [0, 17, 34, 72.9, 73, 158, 342.9, 343].map((epoch) => rate(epoch)),
      [0.01, 0.405, 0.8, 0.8, 0.4, 0.08, 0.001, 0.0001],
    );
    assertNear([rate(0, 0)], [0.8]);
  });

  it('a warm-up may end in another segment', () => {
    assertNear([rate(0, 80), rate(40, 80), rate(79.999, 80), rate(80, 80)], [0.01, 0.205, 0.399995125, 0.4]);
  });
});

describe('the short cycle alone', () => {
  it('stretches the epochs, and leaves the rate alone (docs/method.md §5.3)', () => {
    const plan = multigridPlan(options({ longCycle: false }), slowFast([41, 49, 60], 57));
    assert.deepEqual(
      plan.map(({ epochs }) => [epochs.from, epochs.to]),
      [
        [0, 61],
        [61, 73],
        [73, 85],
      ],
    );
    assertNear(
      plan.map(({ lr }) => lr),
      [1, 0.1, 0.01],
    );
    for (const { cycle, strides } of plan) {
      assert.deepEqual(
        cycle.map(({ frames, size, batch }) => [frames, size, batch]),
        [
          [32, 112, 256],
          [32, 158, 128],
          [32, 224, 64],
        ],
      );
      assert.deepEqual(strides, { from: 2, to: 2 });
    }
  });

  it('needs no drop of the rate', () => {
    const plan = multigridPlan(options({ longCycle: false }), slowFast([], 10));
    assert.deepEqual(
      plan.map(({ epochs, lr }) => [epochs.from, epochs.to, lr]),
      [[0, 15, 1]],
    );
  });
});

describe('what does not go', () => {
  const refused = (work: () => unknown, said: RegExp) => {
    assert.throws(work, (error) => error instanceof UsageError && said.test(error.message));
  };

  it('a long cycle without a plateau before a drop', () => {
    refused(() => multigridPlan(options(), slowFast([], 20)), /pretrain\.lrSteps/);
    refused(() => multigridPlan(options(), slowFast([20, 40], 20)), /pretrain\.lrSteps/);
  });

  it('no epoch at all', () => {
    refused(() => multigridPlan(options({ epochFactor: 0.01 }), slowFast([5], 10)), /epochFactor/);
    refused(() => multigridPlan(options({ epochFactor: 0.01, longCycle: false }), slowFast([5], 10)), /epochFactor/);
  });

  it('neither cycle', () => {
    const parsed = configSchema.safeParse({ pretrain: { multigrid: { longCycle: false, shortCycle: false } } });
    assert.match(parsed.error!.issues[0]!.message, /neither/);
  });
});

it('drops beyond the end never come; their order does not matter', () => {
  const plan = multigridPlan(options(), slowFast([196, 400, 94, 154], 239));
  assert.deepEqual(plan, multigridPlan(options(), kinetics));
});
