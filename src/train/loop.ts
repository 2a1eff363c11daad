import * as tf from '@tensorflow/tfjs-core';
import { nativeTensorCount } from '../engine/kernels/native-tensor.js';
import { startProgress } from '../system/progress.js';
import { breathe } from '../system/signals.js';
import { Diverged } from './guards/divergence.js';
import { LeakGuard } from './guards/leak-guard.js';
import { MemoryGuard } from './guards/memory-guard.js';
import { stepsBefore, type Pace } from './schedule/pace.js';
import { watched } from './guards/watch.js';

export interface Batch {
  /** Names of its items, for messages. */
  ids: readonly string[];
  /** How many items at a time go through the network, where the batch itself says: each group has its own batch statistics. */
  groups?: readonly number[];
  /** Why items that belong to it could not be read, where they may be left out. */
  skipped?: readonly string[];
}

/** What a step reports. */
export interface StepResult {
  loss: number;
  terms: Record<string, number>;
  lr: number;
  /** Fidelity of the step: snippets x side in pixels. */
  shape?: string;
}

/** One line of `metrics.jsonl`. Times in seconds. */
export interface StepRecord extends StepResult {
  step: number;
  epoch: number;
  seconds: number;
  /** Of these, waiting for data. */
  wait: number;
  rssMiB: number;
  tensors: number;
  time: string;
}

/** How far a training is: epochs that are done, and batches of the one after. */
export interface Position {
  epochs: number;
  batches: number;
}

/** What {@link trainLoop} runs. Epochs and steps count from 0. */
export interface Training<B extends Batch> {
  title: string;
  pace: Pace;
  /** Where it goes on. */
  from: Position;
  /** The batches of an epoch, but for the first `from`. One without items takes its place in the schedule, but no step. */
  batches: (epoch: number, from: number) => AsyncIterable<B>;
  step: (batch: B, at: { epoch: number; step: number; lr: number }) => StepResult;
  onStep: (record: StepRecord) => void;
  /** The state is whole: a checkpoint may be taken. `step`: optimiser steps done so far. */
  afterStep: (position: Position, step: number) => Promise<void> | void;
  /** All batches of an epoch were gone through. */
  afterEpoch: (epoch: number, step: number) => Promise<void>;
  /** Aborted when the training is to stop, before its next batch at the latest. */
  stop: AbortSignal;
  /** Seconds without a batch after which stderr says so. */
  stallSeconds: number;
}

/**
 * The loop of every training stage: for each batch, a step.
 * Throws {@link Diverged} when the loss is not finite, {@link WorkError} when a step leaves tensors behind, and the reason of `stop`.
 */
export async function trainLoop<B extends Batch>(training: Training<B>): Promise<void> {
  const { title, pace, from, stop } = training;
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const progress = startProgress(title, stepsBefore(pace, pace.epochs));
  const leaks = new LeakGuard();
  const memory = new MemoryGuard(title, pace.steps(from.epochs), say);
  let step = stepsBefore(pace, from.epochs) + from.batches;
  for (let epoch = from.epochs; epoch < pace.epochs; epoch++) {
    let done = epoch === from.epochs ? from.batches : 0;
    const batches = watched(training.batches(epoch, done), training.stallSeconds, () => {
      say(stalled(title, training.stallSeconds));
    });
    let waitingSince = performance.now();
    for await (const batch of batches) {
      stop.throwIfAborted();
      const begun = performance.now();
      if (batch.ids.length > 0) {
        const lr = pace.rate(epoch + done / pace.steps(epoch));
        const result = training.step(batch, { epoch, step, lr });
        const at = { step: step + 1, epoch: epoch + 1 };
        if (!Number.isFinite(result.loss))
          throw new Diverged(title, `the loss is ${result.loss}`, { ...at, ids: batch.ids, ...result });
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
      // Lets signals and the loader's thread be heard while steps follow each other.
      await breathe(stop);
      waitingSince = performance.now();
    }
    await training.afterEpoch(epoch, step);
  }
  progress.stop();
}

function stalled(title: string, seconds: number): string {
  return (
    `WARNING: ${title}: no batch for ${seconds} s. Reading the videos is slow or hangs: look at their disk; ` +
    'data.stallSeconds is how long the frames of one video may take, data.processes how many are read at once.'
  );
}

function round(seconds: number): number {
  return Math.round(seconds * 1e4) / 1e4;
}
