import * as tf from '@tensorflow/tfjs-core';
import { nativeTensorCount } from '../engine/kernels/native-tensor.js';
import { startProgress } from '../system/progress.js';
import { breathe } from '../system/signals.js';
import type { Draw, Sampling } from './batches/draw.js';
import { Diverged } from './guards/divergence.js';
import { LeakGuard } from './guards/leak-guard.js';
import { MemoryGuard } from './guards/memory-guard.js';
import { stepsBefore, type Pace } from './schedule/pace.js';
import { watched } from './guards/watch.js';
import { say } from '../system/say.js';

/** The part of a batch that the training loop knows. */
export interface Batch {
  /** Names of the items that this process has, for messages. */
  ids: readonly string[];
  /**
   * Sizes of the planned batch's micro-batches, each of which goes through the network with its own batch statistics.
   * Absent: the stage's `microBatch` items each.
   */
  groups?: readonly number[];
  /** Places of the items in the planned batch, ascending. Absent: those of all. */
  slots?: readonly number[];
  /** Places of the items that all processes have, where there are several. */
  read?: readonly number[];
  /** For each item that could not be read and was left out: the reason. */
  skipped?: readonly string[];
  /** The items of the planned batch and how they were chosen, for a source with a state. */
  drawn?: Draw;
}

/** The result of an optimiser step. */
export interface StepResult {
  /** The mean loss of the items. */
  loss: number;
  /** The weighted mean that the step goes down, where items are weighted. */
  weighted?: number;
  terms: Record<string, number>;
  lr: number;
  /** Fidelity of the step: snippets × side in pixels. */
  shape?: string;
  /** How importance sampling is doing. */
  sampling?: Sampling['log'];
}

/** One line of `metrics.jsonl`. Steps and epochs count from 1. */
export interface StepRecord extends StepResult {
  step: number;
  epoch: number;
  /** Seconds that the step took, with waiting. */
  seconds: number;
  /** Seconds of these spent waiting for data. */
  wait: number;
  /** Resident memory of the process, MiB. */
  rssMiB: number;
  /** Number of live tensors after the step. */
  tensors: number;
  /** ISO 8601. */
  time: string;
}

/** How far a training has come: the number of finished epochs, and of finished batches in the current one. */
export interface Position {
  epochs: number;
  batches: number;
}

/** A training for {@link trainLoop}. Epochs and steps count from 0. */
export interface Training<B extends Batch> {
  /** The stage's name, for messages. */
  title: string;
  /** Where the configuration has the keys of the stage; absent: under its title. */
  keys?: string | undefined;
  pace: Pace;
  /** The position to start or resume at. */
  from: Position;
  /**
   * Yields the batches of an epoch from number `from` on. For a batch without items no step is taken, but it counts in
   * the schedule.
   */
  batches: (epoch: number, from: number) => AsyncIterable<B>;
  step: (batch: B, at: { epoch: number; step: number; lr: number }) => StepResult;
  onStep: (record: StepRecord) => void;
  /** Called when the state is consistent, so that a checkpoint may be written. `step` is the number of steps done. */
  afterStep: (position: Position, step: number) => Promise<void> | void;
  /** Called after the last batch of an epoch. */
  afterEpoch: (epoch: number, step: number) => Promise<void>;
  /** When aborted, the training stops before its next batch. */
  stop: AbortSignal;
  /** Seconds without a batch after which a warning is written to stderr. */
  stallSeconds: number;
}

/**
 * The loop of every training stage: one optimiser step for each batch.
 *
 * @throws Diverged when the loss is not finite; WorkError when a step leaks tensors; the reason of `stop` once that is
 *   aborted.
 */
export async function trainLoop<B extends Batch>(training: Training<B>): Promise<void> {
  const { title, pace, from, stop } = training;
  const progress = startProgress(title, stepsBefore(pace, pace.epochs));
  const leaks = new LeakGuard();
  const memory = new MemoryGuard(title, pace.steps(from.epochs), say);
  let step = stepsBefore(pace, from.epochs) + from.batches;
  try {
    for (let epoch = from.epochs; epoch < pace.epochs; epoch++) {
      let done = epoch === from.epochs ? from.batches : 0;
      const batches = watched(training.batches(epoch, done), training.stallSeconds, () => {
        say(stalled(title, training.stallSeconds));
      });
      let waitingSince = performance.now();
      for await (const batch of batches) {
        stop.throwIfAborted();
        const begun = performance.now();
        if ((batch.read ?? batch.ids).length > 0) {
          const lr = pace.rate(epoch + done / pace.steps(epoch));
          const result = training.step(batch, { epoch, step, lr });
          const at = { step: step + 1, epoch: epoch + 1 };
          if (!Number.isFinite(result.loss))
            throw new Diverged(
              title,
              `the loss is ${result.loss}`,
              { ...at, ids: batch.ids, ...result },
              training.keys,
            );
          const now = performance.now();
          const tensors = tf.memory().numTensors + nativeTensorCount();
          leaks.check(result.shape ?? '', tensors);
          const rssMiB = Math.round(process.memoryUsage.rss() / 2 ** 20);
          memory.check(rssMiB);
          training.onStep({
            ...at,
            ...result,
            seconds: round((now - waitingSince) / 1000),
            wait: round((begun - waitingSince) / 1000),
            rssMiB,
            tensors,
            time: new Date().toISOString(),
          });
          const shape = result.shape ?? '';
          progress.step(at.step, `epoch ${at.epoch}/${pace.epochs} loss ${result.loss.toFixed(4)} ${shape}`);
        }
        step++;
        done++;
        await training.afterStep({ epochs: epoch, batches: done }, step);
        // Gives signals and the messages of the frame loader a turn between steps.
        await breathe(stop);
        waitingSince = performance.now();
      }
      await training.afterEpoch(epoch, step);
    }
  } finally {
    progress.stop();
  }
}

function stalled(title: string, seconds: number): string {
  return (
    `WARNING: ${title}: no batch for ${seconds} s. Reading the videos is slow or hangs: check their disk. ` +
    'data.stallSeconds limits the seconds for one video, data.processes the number of videos read at once.'
  );
}

function round(seconds: number): number {
  return Math.round(seconds * 1e4) / 1e4;
}
