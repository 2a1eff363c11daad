import * as tf from '@tensorflow/tfjs-core';
import { nativeTensorCount } from '../engine/kernels/native-tensor.js';
import { WorkError } from '../system/errors.js';
import { startProgress } from '../system/progress.js';
import { stepsBefore, type Pace } from './pace.js';

export interface Batch {
  /** Names of its items, for messages. */
  ids: readonly string[];
  /** How many items at a time go through the network, where the batch itself says: each group has its own batch statistics. */
  groups?: readonly number[];
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

/** What {@link trainLoop} runs. Epochs and steps count from 0. */
export interface Training<B extends Batch> {
  title: string;
  pace: Pace;
  /** Epochs that were done before. */
  done: number;
  batches: (epoch: number) => AsyncIterable<B>;
  step: (batch: B, at: { epoch: number; step: number; lr: number }) => StepResult;
  onStep: (record: StepRecord) => void;
  /** `step`: optimiser steps done so far. */
  afterEpoch: (epoch: number, step: number) => Promise<void>;
}

/**
 * The loop of every training stage: for each batch, a step.
 * Throws {@link WorkError} when the loss is not finite or a step leaves tensors behind.
 */
export async function trainLoop<B extends Batch>(training: Training<B>): Promise<void> {
  const { title, pace, done } = training;
  const progress = startProgress(title, stepsBefore(pace, pace.epochs));
  const leaks = new LeakGuard();
  let step = stepsBefore(pace, done);
  for (let epoch = done; epoch < pace.epochs; epoch++) {
    const first = step;
    let waitingSince = performance.now();
    for await (const batch of training.batches(epoch)) {
      const begun = performance.now();
      const result = training.step(batch, { epoch, step, lr: pace.rate(epoch + (step - first) / pace.steps(epoch)) });
      if (!Number.isFinite(result.loss)) {
        throw new WorkError(
          `${title}: the loss is ${result.loss} at step ${step + 1} (${batch.ids.slice(0, 3).join(', ')}, …). ` +
            `Lower ${title}.lr or set ${title}.clipNorm.`,
        );
      }
      const now = performance.now();
      step++;
      const tensors = tf.memory().numTensors + nativeTensorCount();
      leaks.check(result.shape ?? '', tensors);
      training.onStep({
        step,
        epoch: epoch + 1,
        ...result,
        seconds: round((now - waitingSince) / 1000),
        wait: round((begun - waitingSince) / 1000),
        rssMiB: Math.round(process.memoryUsage().rss / 2 ** 20),
        tensors,
        time: new Date().toISOString(),
      });
      progress.step(step, `epoch ${epoch + 1}/${pace.epochs} loss ${result.loss.toFixed(4)} ${result.shape ?? ''}`);
      // Lets the loader's processes be read while steps follow each other.
      await new Promise((resolve) => setImmediate(resolve));
      waitingSince = performance.now();
    }
    await training.afterEpoch(epoch, step);
  }
  progress.stop();
}

/** A step leaves the number of live tensors unchanged; the first one of a shape may add that shape's constants. */
class LeakGuard {
  private readonly seen = new Set<string>();
  private last: number | undefined;

  check(shape: string, tensors: number): void {
    const known = this.seen.has(shape);
    this.seen.add(shape);
    if (known && this.last !== undefined && tensors > this.last) {
      throw new WorkError(
        `a step left ${tensors - this.last} tensors behind (${tensors} are alive): a defect, please report it`,
      );
    }
    this.last = tensors;
  }
}

function round(seconds: number): number {
  return Math.round(seconds * 1e4) / 1e4;
}
