import path from 'node:path';
import type * as tf from '@tensorflow/tfjs-core';
import { EventLog } from '../../checkpoints/events.js';
import { readMetrics } from '../../checkpoints/metrics.js';
import type { CheckpointRef, LoadedCheckpoint, Origin, TrainedStage } from '../../checkpoints/run-store.js';
import { configHash } from '../../config/hash.js';
import type { TrainingKeys } from '../../config/schema.js';
import type { EncoderRecord } from '../../models/encoders/encoder.js';
import { LofiError, WorkError } from '../../system/errors.js';
import { Diverged, type DivergedStep } from '../../train/guards/divergence.js';
import { Due } from '../../train/due.js';
import type { LossTensors } from '../../train/gradients.js';
import { trainLoop, type Batch } from '../../train/loop.js';
import { disposeParts, swapAverages } from '../../train/trained-parts.js';
import { stepsBefore } from '../../train/schedule/pace.js';
import { microBatches, update, type Forward, type MicroBatch } from '../../train/update.js';
import { keepEvidence } from './evidence.js';
import { onceThereIsSpace, unlessDiskFull } from './full-disk.js';
import { withinMemory } from './out-of-memory-advice.js';
import { refuseConfigChange, type Run } from '../run/run.js';
import { NotFinite, stateOf, StageProgress, type TrainedModel } from './stage-progress.js';

/** A training stage, as {@link trainStage} takes it; the rest is the section of the configuration that has its name. */
export interface TrainingPlan<B extends Batch> extends TrainedModel {
  /** The batches of an epoch, but for the first `from`. */
  batches: (epoch: number, from: number) => AsyncIterable<B>;
  /** Fidelity of a batch, for the log: snippets (`pretrain`: frames) × side in pixels. */
  shape: (batch: B) => string;
  /** The pass of some items of a batch through the part `encoder`, where there is one. `epoch` and `step` count from 0. */
  record?: (batch: B, micro: MicroBatch, at: { epoch: number; step: number }) => EncoderRecord;
  /** The loss of some items of a batch, on the tape; from their features where there is `record`. */
  loss: (
    batch: B,
    micro: MicroBatch,
    at: { epoch: number; step: number },
    features: tf.Tensor3D | undefined,
  ) => LossTensors;
  /** What is done to the parameters after the last epoch, before they are kept. */
  settle?: () => Promise<void>;
  /** What is measured after an epoch; null where nothing is. */
  validate?: (epoch: number) => Promise<Measured | null>;
}

/** Metrics by name; the stage is judged by that called `judge`: more is better. */
export interface Measured {
  judge: string;
  metrics: Record<string, number>;
}

/** The checkpoint of a finished stage, or null. Refuses one of another configuration or parent. */
export function finishedCheckpoint(run: Run, stage: TrainedStage, parent: Origin | null): CheckpointRef | null {
  const found = usableCheckpoint(run, stage, parent);
  if (!found?.manifest.finished) return null;
  const { step, sha256 } = found.manifest;
  return { stage, step, sha256 };
}

/**
 * Trains a stage to its end: goes on from its newest checkpoint, logs each step, keeps checkpoints as `checkpoint` says, with each new best
 * and at the end, and when it is told to stop. A stage that was interrupted anywhere ends as one that was not, to the bit: every
 * random choice is named by epoch, step and item.
 *
 * @throws Stopped once `run.stop` is aborted and the state is kept; WorkError when the training diverges for good.
 */
export async function trainStage<B extends Batch>(run: Run, plan: TrainingPlan<B>): Promise<CheckpointRef> {
  const { stage, parts, pace, parent } = plan;
  const options: TrainingKeys = run.config[stage];
  const { checkpoint, training, data } = run.config;
  const steps = stepsBefore(pace, pace.epochs);
  const progress = new StageProgress(run, plan);
  const due = new Due({ steps: checkpoint.everySteps, minutes: checkpoint.everyMinutes });
  let newest: DivergedStep | undefined;

  const save = (finished = false): void => {
    try {
      progress.save(finished);
    } catch (error) {
      if (error instanceof NotFinite && newest) throw new Diverged(stage, error.message, newest);
      throw error;
    }
  };
  const what = () => `checkpoint of ${stage} at step ${progress.step}`;
  /** One that can wait until the disk has room again. */
  const saveIfPossible = () => {
    unlessDiskFull(what(), save);
    due.done();
  };

  const from = usableCheckpoint(run, stage, parent);
  if (from) {
    progress.resume(from);
  } else {
    run.store.discardAfter(stage, -1);
    run.log.truncate(logStart(run, parent));
    // A rollback needs something to go back to.
    if (training.onDivergence === 'rollback') await onceThereIsSpace(what(), run.stop, save);
  }

  /** From where it stands to the end, unless it diverges. */
  const train = (log: (record: object) => void) =>
    trainLoop<B>({
      title: stage,
      pace,
      from: progress.position,
      stop: run.stop,
      stallSeconds: data.stallSeconds,
      async *batches(epoch, from) {
        let step = stepsBefore(pace, epoch) + from;
        for await (const batch of plan.batches(epoch, from)) {
          const { skipped = [] } = batch;
          step++;
          if (skipped.length > 0) log({ step, epoch: epoch + 1, skipped, time: new Date().toISOString() });
          yield batch;
        }
      },
      step(batch, { epoch, step, lr: base }) {
        const sizes = batch.groups ?? microBatches(batch.ids.length, options.microBatch);
        const at = { epoch, step };
        const lr = base * training.rollbackFactor ** progress.rollbacks;
        const forward: Forward = {
          record: plan.record && ((micro) => plan.record!(batch, micro, at)),
          loss: (micro, features) => plan.loss(batch, micro, at, features),
        };
        const shape = plan.shape(batch);
        progress.whole = false;
        const take = () => update(parts, sizes, options.clipNorm, { step, lr }, forward);
        const taken = { ...withinMemory(run.config, stage, { items: Math.max(...sizes), shape }, take), lr, shape };
        newest = { step: step + 1, epoch: epoch + 1, ids: batch.ids, ...taken };
        return taken;
      },
      onStep: log,
      afterStep(position, step) {
        progress.position = position;
        progress.whole = true;
        run.heartbeat.beat(stage, step, steps);
        if (due.is(step)) saveIfPossible();
      },
      async afterEpoch(epoch, step) {
        const finished = epoch + 1 === pace.epochs;
        const measured = await inAverages(plan, async () => {
          if (finished) await plan.settle?.();
          return (await plan.validate?.(epoch)) ?? null;
        });
        // Should this not be kept, the epoch is validated again.
        progress.whole = false;
        progress.position = { epochs: epoch + 1, batches: 0 };
        if (measured) {
          const { judge: metric, metrics } = measured;
          log({ step, epoch: epoch + 1, metrics, time: new Date().toISOString() });
          const value = metrics[metric]!;
          if (!progress.best || value > progress.best.value) progress.best = { metric, value, step };
        }
        const essential = finished || progress.best?.step === step;
        if (essential)
          await onceThereIsSpace(what(), run.stop, () => {
            save(finished);
          });
        else if (due.is(step)) saveIfPossible();
        if (essential) due.done();
        progress.whole = true;
      },
    });

  for (let ended = false; !ended;) {
    const log = stageLog(run, stage);
    try {
      await train(log);
      ended = true;
    } catch (error) {
      if (!(error instanceof Diverged)) {
        // Stopped, or a video that cannot be read: what was done is done.
        if (progress.whole && error instanceof LofiError) saveIfPossible();
        throw error;
      }
      const evidence = keepEvidence(run, stage, error.at);
      process.stderr.write(`${stage}: diverged at step ${error.at.step}: ${evidence}\n`);
      goBack(run, progress, stage, error);
    }
  }
  disposeParts(parts);
  tellSkipped(run, stage);
  const { step, sha256 } = run.store.manifest(stage)!;
  return { stage, step, sha256 };
}

/** Does `work` with the averages, where there are any, in the place of what is trained. */
async function inAverages<T>({ parts }: TrainedModel, work: () => Promise<T>): Promise<T> {
  swapAverages(parts);
  try {
    return await work();
  } finally {
    swapAverages(parts);
  }
}

/** Back to the newest checkpoint, to go on at a lower rate. Throws `diverged` where that is not wanted, or has been done often enough. */
function goBack(run: Run, progress: StageProgress, stage: TrainedStage, diverged: Diverged): void {
  const { onDivergence, maxRollbacks, rollbackFactor } = run.config.training;
  if (onDivergence === 'stop') throw diverged;
  const rollbacks = progress.rollbacks + 1;
  if (rollbacks > maxRollbacks)
    throw new WorkError(`${diverged.message} It was gone back ${maxRollbacks} times (training.maxRollbacks).`);
  const good = run.store.load(stage, 'latest');
  if (!good) throw diverged;
  progress.resume(good);
  progress.rollbacks = rollbacks;
  const { step } = good.manifest;
  const factor = rollbackFactor ** rollbacks;
  run.log.append({
    stage,
    step,
    rollback: { number: rollbacks, from: diverged.at.step, factor },
    time: new Date().toISOString(),
  });
  process.stderr.write(
    `${diverged.message}\n${stage}: going on from step ${step} at ${factor} of the rate (rollback ${rollbacks} of ${maxRollbacks})\n`,
  );
}

/** Writes records to `metrics.jsonl` and to the stage's event file, which is begun anew where the disk was full. */
function stageLog(run: Run, stage: TrainedStage): (record: object) => void {
  let events: EventLog | undefined;
  const withEvents = (write: (events: EventLog) => void) => {
    try {
      // A new one has all that the log has.
      if (events) write(events);
      else events = eventLog(run, stage);
    } catch {
      events = undefined;
    }
  };
  withEvents(() => undefined);
  return (record) => {
    run.log.append({ stage, ...record });
    withEvents((events) => {
      events.append({ ...record });
    });
  };
}

/** Says how many reads were left out, where `data.missing` allows it. */
function tellSkipped(run: Run, stage: TrainedStage): void {
  const skipped = readMetrics(run.log.file).flatMap((record) =>
    record.stage === stage && Array.isArray(record.skipped) ? (record.skipped as string[]) : [],
  );
  if (skipped.length === 0) return;
  process.stderr.write(
    `warning: ${stage}: ${skipped.length} samples could not be read and were left out (metrics.jsonl, skipped), the first: ${skipped[0]!}\n`,
  );
}

/** Takes over a stage that was trained in another run folder from what it would have started from here: checkpoints and log. */
export function adopt(run: Run, stage: TrainedStage, from: Pick<Run, 'store' | 'log'>): void {
  const begin = logStart(run, from.store.manifest(stage)!.parent);
  run.store.discardAfter(stage, -1);
  run.log.truncate(begin);
  for (const record of readMetrics(from.log.file)) run.log.append(record);
  eventLog(run, stage);
  for (const step of from.store.steps(stage)) {
    const loaded = from.store.load(stage, step);
    // A damaged one was named; what was before it is taken at its own turn.
    if (loaded?.manifest.step !== step) continue;
    const state = { ...stateOf(loaded), logPosition: begin + stateOf(loaded).logPosition };
    run.store.save(stage, { ...loaded.manifest, tensors: loaded.tensors, state });
  }
}

/** Length of the log, bytes, when the stage that another starts from had ended. */
function logStart(run: Run, parent: Origin | null): number {
  const before = parent && parent.stage !== 'extract' ? run.store.load(parent.stage, parent.step) : null;
  return before ? stateOf(before).logPosition : 0;
}

/** The stage's event file, with what the log has of it. */
function eventLog(run: Run, stage: TrainedStage): EventLog {
  const logged = readMetrics(run.log.file).filter((record) => record.stage === stage);
  return new EventLog(path.join(run.folder, 'events', stage), logged);
}

/** The checkpoint to go on from under the run's policy. */
function usableCheckpoint(run: Run, stage: TrainedStage, parent: Origin | null): LoadedCheckpoint | null {
  const { resume, allowConfigChange } = run.policy;
  if (resume === 'never') return null;
  const found = run.store.load(stage, resume === 'auto' ? 'latest' : resume);
  if (!found) return null;
  const { manifest } = found;
  const before = { config: stateOf(found).config, hash: manifest.configHash };
  refuseConfigChange(run, stage, before);
  const sameConfig = before.hash === configHash(run.config, stage) || !allowConfigChange;
  // A stage on top of another encoder than today's is out of date: it is done again.
  return sameConfig && manifest.parent?.sha256 === parent?.sha256 ? found : null;
}
