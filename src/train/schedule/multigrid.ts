import type { Config } from '../../config/schema.js';
import type { Random } from '../../engine/random.js';
import { UsageError } from '../../system/errors.js';
import type { Pace } from './pace.js';

/**
 * Options of multigrid training (Wu et al., CVPR 2020) as in the authors' code (SlowFast; docs/method.md §5): in place
 * of a batch of B clips of T frames of S² pixels, a batch may have more clips that are shorter or smaller, at the same
 * cost.
 */
export type Multigrid = NonNullable<Config['pretrain']['multigrid']>;

/** The training at full shape from which the coarser shapes are derived: T = `frames`, S = `size`, B = `batch`. */
export type FullTraining = Pick<Config['encoder'], 'frames' | 'stride'> &
  Pick<Config['pretrain'], 'size' | 'batch' | 'epochs' | 'lrSteps' | 'lrGamma'>;

/** The shape of a batch: number of clips (`batch`), frames of each, and side of the frames in pixels (`size`). */
export interface BatchShape {
  frames: number;
  size: number;
  batch: number;
}

/** The epochs `from` ≤ e < `to`, in which the shapes do not change. May be empty because of rounding. */
export interface MultigridSegment {
  epochs: { from: number; to: number };
  /** Factor on the base rate: the product of all drops so far, times the growth of the long cycle's batch. */
  lr: number;
  /**
   * The shapes of the short cycle, one for each batch in turn, restarted each epoch. The last is the long cycle's
   * shape.
   */
  cycle: BatchShape[];
  /** Each clip draws a stride of `from` to `to` frames, both included, so that fewer frames may span the same time. */
  strides: { from: number; to: number };
  /** Number of groups of the long cycle's batch, each normalised by its own statistics. */
  batchNormSplits: number;
}

/**
 * The segments of a multigrid training, in order and without gaps (docs/method.md §5.2–5.4, §5.7).
 *
 * @throws UsageError when the long cycle is on but the rate never drops, or no epoch is left.
 */
export function multigridPlan(multigrid: Multigrid, training: FullTraining): MultigridSegment[] {
  const plan = multigrid.longCycle ? longCycle(multigrid, training) : shortCycle(multigrid, training);
  if (plan.at(-1)!.epochs.to > 0) return plan;
  throw new UsageError('pretrain.multigrid.epochFactor leaves no epoch: raise it, or pretrain.epochs');
}

/** The segment that contains an epoch (with fractions); the last segment for epochs beyond the end. */
export function segmentAt(plan: readonly MultigridSegment[], epoch: number): MultigridSegment {
  return plan.find(({ epochs }) => epoch < epochs.to) ?? plan.at(-1)!;
}

/** The shape of each batch of an epoch in which every clip occurs once; the last batch may have fewer clips. */
export function epochShapes({ cycle }: MultigridSegment, clips: number): BatchShape[] {
  const shapes: BatchShape[] = [];
  for (let left = clips; left > 0; left -= shapes.at(-1)!.batch) shapes.push(cycle[shapes.length % cycle.length]!);
  return shapes;
}

/** The number of clips in each batch of an epoch of these shapes; the last batch may have fewer. */
export function batchSizes(shapes: readonly Pick<BatchShape, 'batch'>[], clips: number): number[] {
  let left = clips;
  return shapes.map(({ batch }) => {
    const size = Math.min(batch, left);
    left -= size;
    return size;
  });
}

/**
 * The sizes of the groups in which a batch of `clips` clips is normalised (sub-batch normalisation, docs/method.md
 * §5.7), as even as possible. There are as many groups as for the long cycle's batch, so the larger batches of the
 * short cycle have larger groups. A smaller batch at the end of an epoch has fewer groups, not smaller ones.
 */
export function batchNormGroups({ cycle, batchNormSplits }: MultigridSegment, clips: number): number[] {
  const full = Math.floor((clips * batchNormSplits) / cycle.at(-1)!.batch);
  const groups = Math.min(batchNormSplits, Math.max(1, full));
  const until = (group: number) => Math.floor((group * clips) / groups);
  return Array.from({ length: groups }, (_, group) => until(group + 1) - until(group));
}

/**
 * The learning rate (docs/method.md §5.5): a linear warm-up from a tenth of the base rate to the plan's rate at the end
 * of the warm-up, then the plan's rate.
 *
 * @param epoch - Time in epochs from 0, with fractions.
 */
export function multigridRate(
  plan: readonly MultigridSegment[],
  { lr, warmupEpochs }: Pick<Config['pretrain'], 'lr' | 'warmupEpochs'>,
  epoch: number,
): number {
  const factor = (at: number) => segmentAt(plan, at).lr;
  if (epoch >= warmupEpochs) return lr * factor(epoch);
  return lr * (0.1 + ((factor(warmupEpochs) - 0.1) * epoch) / warmupEpochs);
}

/** Draws the stride of a clip, in frames of the video (docs/method.md §5.6). */
export function drawStride({ strides }: MultigridSegment, random: Random): number {
  return strides.from + random.below(strides.to - strides.from + 1);
}

/** The pace of a plan with `clips` clips in an epoch. */
export function multigridPace(
  plan: readonly MultigridSegment[],
  rate: Pick<Config['pretrain'], 'lr' | 'warmupEpochs'>,
  clips: number,
): Pace {
  return {
    epochs: plan.at(-1)!.epochs.to,
    steps: (epoch) => epochShapes(segmentAt(plan, epoch), clips).length,
    rate: (time) => multigridRate(plan, rate, time),
  };
}

/** A shape of the long cycle, with the short cycle, strides and groups that follow from it. */
interface LongShape extends Pick<MultigridSegment, 'cycle' | 'strides' | 'batchNormSplits'> {
  /** The size of its batch as a multiple of the full training's. */
  growth: number;
  /** The mean of that multiple over its short cycle. */
  meanGrowth: number;
}

function longShape(multigrid: Multigrid, training: FullTraining, factor: Multigrid['longFactors'][number]): LongShape {
  const frames = wholeFrom1(training.frames * factor.frames);
  const size = wholeFrom1(training.size * factor.size);
  // Growths are computed from the exact sides, which are rounded only for the batches, as in the authors' code.
  const exact = multigrid.shortCycle ? multigrid.shortFactors.map((part) => training.size * part) : [];
  const sides = [...exact.map((side) => (wholeFrom1(side) > size ? size : side)), size];
  const cost = training.frames * training.size ** 2;
  const growths = sides.map((side) => wholeFrom1(cost / (frames * side * side)));
  const growth = growths.at(-1)!;
  const batch = training.batch * growth;
  return {
    growth,
    meanGrowth: sum(growths) / growths.length,
    cycle: sides.map((side) => ({
      frames,
      size: wholeFrom1(side),
      batch: batch * wholeFrom1((size / side) ** 2),
    })),
    strides: { from: training.stride, to: training.stride * Math.floor(training.frames / frames) },
    batchNormSplits: Math.max(1, Math.floor(batch / multigrid.batchNormBase)),
  };
}

/**
 * The schedule with a long cycle (docs/method.md §5.4): one long cycle in every plateau of the rate but the last, with
 * the same number of iterations in each shape; then the last shape alone, its first half still at the rate before. The
 * order of the sums is that of the authors' code, because the rounding of boundaries such as 358.5 depends on it.
 */
function longCycle(multigrid: Multigrid, training: FullTraining): MultigridSegment[] {
  const { epochs, lrGamma } = training;
  const plateaus = [0, ...reachedSteps(training)];
  const lastDrop = plateaus.at(-1)!;
  if (lastDrop === 0) {
    throw new UsageError(
      'pretrain.multigrid: no drop in pretrain.lrSteps before pretrain.epochs, so no plateau for the long cycle; ' +
        'add one, or set longCycle: false',
    );
  }
  const shapes = multigrid.longFactors.map((factor) => longShape(multigrid, training, factor));
  const weights = sum(shapes.map(({ meanGrowth }) => meanGrowth));
  const phases = plateaus.slice(1).flatMap((drop, plateau) => {
    const length = drop - plateaus[plateau]!;
    return shapes.map((shape) => ({ plateau, shape, epochs: (length * shape.meanGrowth) / weights }));
  });
  const saving = lastDrop / sum(phases.map((phase) => phase.epochs / phase.shape.meanGrowth));
  const shape = shapes.at(-1)!;
  const plateau = plateaus.length - 1;
  phases.push({ plateau, shape, epochs: ((epochs - lastDrop) / saving) * shape.meanGrowth });

  const scale = (epochs * multigrid.epochFactor) / sum(phases.map((phase) => phase.epochs));
  let end = 0;
  const ends = phases.map((phase) => rint((end += phase.epochs * scale)));
  const segments = phases.map(({ plateau, shape }, i) =>
    segment(shape, { from: ends[i - 1] ?? 0, to: ends[i]! }, lrGamma ** plateau * shape.growth),
  );
  const tuning = segments.pop()!;
  const half = Math.floor((tuning.epochs.from + tuning.epochs.to) / 2);
  return [
    ...segments,
    { ...tuning, epochs: { ...tuning.epochs, to: half }, lr: segments.at(-1)!.lr },
    { ...tuning, epochs: { ...tuning.epochs, from: half } },
  ];
}

/**
 * The schedule with a short cycle only (docs/method.md §5.3): the training's own plateaus, stretched by `epochFactor`.
 */
function shortCycle(multigrid: Multigrid, training: FullTraining): MultigridSegment[] {
  const shape = longShape(multigrid, training, { frames: 1, size: 1 });
  const ends = [...reachedSteps(training), training.epochs].map((end) => Math.trunc(end * multigrid.epochFactor));
  return ends.map((to, plateau) => segment(shape, { from: ends[plateau - 1] ?? 0, to }, training.lrGamma ** plateau));
}

function segment(
  { cycle, strides, batchNormSplits }: LongShape,
  epochs: MultigridSegment['epochs'],
  lr: number,
): MultigridSegment {
  return { epochs, lr, cycle, strides, batchNormSplits };
}

/** The epochs of those drops of the rate that come before the end, in order. */
function reachedSteps({ lrSteps, epochs }: FullTraining): number[] {
  return lrSteps.filter((step) => step < epochs).sort((a, b) => a - b);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** The nearest whole number, with halves to the even one, as Python's `round`, which made the published boundaries. */
function rint(x: number): number {
  const rounded = Math.round(x);
  return rounded - x === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

function wholeFrom1(x: number): number {
  return Math.max(1, rint(x));
}
