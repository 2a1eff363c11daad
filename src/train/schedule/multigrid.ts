import type { Config } from '../../config/schema.js';
import type { Random } from '../../engine/random.js';
import { UsageError } from '../../system/errors.js';
import type { Pace } from './pace.js';

/**
 * Multigrid (Wu et al., CVPR 2020) as the authors' code has it (SlowFast; lofi_spec §2): a batch of B clips of T frames
 * of S² pixels may be one of more clips that are shorter or smaller, at the same cost.
 */
export type Multigrid = NonNullable<Config['pretrain']['multigrid']>;

/** The training that is to be made coarser: T = `frames`, S = `size`, B = `batch`. */
export type FullTraining = Pick<Config['encoder'], 'frames' | 'stride'> &
  Pick<Config['pretrain'], 'size' | 'batch' | 'epochs' | 'lrSteps' | 'lrGamma'>;

/** A batch: clips, frames of each, side of the frames in pixels. */
export interface BatchShape {
  frames: number;
  size: number;
  batch: number;
}

/** The epochs from `from` to before `to`; none where rounding left none. */
export interface MultigridSegment {
  epochs: { from: number; to: number };
  /** Factor on the base rate: drops so far, times what the batch of the long cycle has grown by. */
  lr: number;
  /** The shapes of the short cycle, gone through batch by batch and begun anew each epoch; the last is the long cycle's. */
  cycle: BatchShape[];
  /** Each clip draws a stride from `from` to `to` frames, both included: fewer frames may span as much time. */
  strides: { from: number; to: number };
  /** Groups of the long cycle's batch that are normalised apart, by their own statistics. */
  batchNormSplits: number;
}

/**
 * The segments of a multigrid training, in order and without gap (lofi_spec §2.3–2.5, 2.8).
 * Throws {@link UsageError} where the rate never drops (the long cycle has no plateau to fill), or no epoch is left.
 */
export function multigridPlan(multigrid: Multigrid, training: FullTraining): MultigridSegment[] {
  const plan = multigrid.longCycle ? longCycle(multigrid, training) : shortCycle(multigrid, training);
  if (plan.at(-1)!.epochs.to > 0) return plan;
  throw new UsageError('pretrain.multigrid.epochFactor leaves no epoch: raise it, or pretrain.epochs');
}

/** The segment that an epoch (fractions within one) lies in; the last one beyond the end. */
export function segmentAt(plan: readonly MultigridSegment[], epoch: number): MultigridSegment {
  return plan.find(({ epochs }) => epoch < epochs.to) ?? plan.at(-1)!;
}

/** The shape of each batch of an epoch in which every clip comes once; the last batch may have fewer clips. */
export function epochShapes({ cycle }: MultigridSegment, clips: number): BatchShape[] {
  const shapes: BatchShape[] = [];
  for (let left = clips; left > 0; left -= shapes.at(-1)!.batch) shapes.push(cycle[shapes.length % cycle.length]!);
  return shapes;
}

/**
 * Clips in each of the groups that a batch of `clips` is normalised in (sub-batch normalisation), as even as can be.
 * Their number is that of the long cycle, so the larger batches of the short cycle have larger groups (lofi_spec §2.8);
 * a smaller batch at the end of an epoch has fewer groups, not smaller ones.
 */
export function batchNormGroups({ cycle, batchNormSplits }: MultigridSegment, clips: number): number[] {
  const full = Math.floor((clips * batchNormSplits) / cycle.at(-1)!.batch);
  const groups = Math.min(batchNormSplits, Math.max(1, full));
  const until = (group: number) => Math.floor((group * clips) / groups);
  return Array.from({ length: groups }, (_, group) => until(group + 1) - until(group));
}

/**
 * Learning rate at a point in time, in epochs: linear warm-up from a tenth of the base rate to what the plan has at its
 * end, then the plan's (lofi_spec §2.6).
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

/** The frames of video from one frame of a clip to the next (lofi_spec §2.7). */
export function drawStride({ strides }: MultigridSegment, random: Random): number {
  return strides.from + random.below(strides.to - strides.from + 1);
}

/** The pace of a plan with `clips` clips an epoch. */
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

/** A shape of the long cycle, by what it makes of batch, short cycle and normalisation. */
interface LongShape extends Pick<MultigridSegment, 'cycle' | 'strides' | 'batchNormSplits'> {
  /** Its batch, in batches of the full training. */
  growth: number;
  /** Mean of the same over its short cycle. */
  meanGrowth: number;
}

function longShape(multigrid: Multigrid, training: FullTraining, factor: Multigrid['longFactors'][number]): LongShape {
  const frames = wholeFrom1(training.frames * factor.frames);
  const size = wholeFrom1(training.size * factor.size);
  // Sides are rounded when batches are made, not before: growths are of the exact ones, as in the authors' code.
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
 * One long cycle in every plateau of the rate but the last, as many iterations in each shape; then the last shape alone,
 * half of it still at the rate before (lofi_spec §2.5). The order of the sums is that of the authors' code: boundaries
 * such as 358.5 hang on it.
 */
function longCycle(multigrid: Multigrid, training: FullTraining): MultigridSegment[] {
  const { epochs, lrGamma } = training;
  const plateaus = [0, ...reachedSteps(training)];
  const lastDrop = plateaus.at(-1)!;
  if (lastDrop === 0) {
    throw new UsageError(
      'pretrain.multigrid: no drop in pretrain.lrSteps before pretrain.epochs, so no plateau for the long cycle; add one, or set longCycle: false',
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

/** The training's own plateaus, stretched, with the short cycle in full length and size (lofi_spec §2.4). */
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

/** The drops of the rate that come before the end, in order. */
function reachedSteps({ lrSteps, epochs }: FullTraining): number[] {
  return lrSteps.filter((step) => step < epochs).sort((a, b) => a - b);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** The nearest whole number, halves to the even one: Python's `round`, which the published boundaries were made with. */
function rint(x: number): number {
  const rounded = Math.round(x);
  return rounded - x === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

function wholeFrom1(x: number): number {
  return Math.max(1, rint(x));
}
