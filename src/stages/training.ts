import path from 'node:path';
import type * as tf from '@tensorflow/tfjs-core';
import { EventLog } from '../checkpoints/events.js';
import { readMetrics } from '../checkpoints/metrics.js';
import type { CheckpointRef, LoadedCheckpoint, Origin, TrainedStage } from '../checkpoints/store.js';
import { configHash, stageConfig } from '../config/hash.js';
import type { Schedule } from '../config/schema.js';
import type { EncoderRecord } from '../models/encoders/encoder.js';
import type { LossTensors } from '../train/gradients.js';
import { trainLoop, type Batch } from '../train/loop.js';
import { disposeParts, swapAverages, type TrainedPart } from '../train/parts.js';
import type { Pace } from '../train/pace.js';
import { microBatches, update, type Forward, type MicroBatch } from '../train/update.js';
import { withinMemory } from './memory.js';
import { refuseConfigChange, type Run } from './run.js';
import { restore, snapshot } from './tensors.js';

/** A training stage, as {@link trainStage} takes it; the rest is the section of the configuration that has its name. */
export interface TrainingPlan<B extends Batch> {
  stage: TrainedStage;
  /** What the checkpoint holds, for people. */
  what: string;
  parent: Origin | null;
  parts: Readonly<Record<string, TrainedPart>>;
  pace: Pace;
  batches: (epoch: number) => AsyncIterable<B>;
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

/** What a checkpoint says of its run beside tensors. */
interface CheckpointState {
  /** Length of `metrics.jsonl` when it was written, bytes. */
  logPosition: number;
  /** The part of the configuration that it was made with. */
  config: unknown;
}

/** The checkpoint of a finished stage, or null. Refuses one of another configuration or parent. */
export function finishedCheckpoint(run: Run, stage: TrainedStage, parent: Origin | null): CheckpointRef | null {
  const found = usableCheckpoint(run, stage, parent);
  if (!found?.manifest.finished) return null;
  const { step, sha256 } = found.manifest;
  return { stage, step, sha256 };
}

/**
 * Trains a stage to its end: goes on from its newest checkpoint, logs each step, keeps a checkpoint each epoch.
 * Every random choice is named by epoch and item, so a stage that was interrupted ends as one that was not.
 */
export async function trainStage<B extends Batch>(run: Run, plan: TrainingPlan<B>): Promise<CheckpointRef> {
  const { stage, parts, pace, parent } = plan;
  const options: Schedule = run.config[stage];
  const from = usableCheckpoint(run, stage, plan.parent);
  let best = from?.manifest.best ?? null;
  if (from) {
    restore(parts, from.tensors);
    swapAverages(parts);
    run.store.discardAfter(stage, from.manifest.step);
  } else {
    run.store.discardAfter(stage, -1);
  }
  // What the log says beyond that checkpoint was of steps that are done again.
  run.log.truncate(from ? stateOf(from).logPosition : logStart(run, parent));
  const events = eventLog(run, stage);
  const log = (record: object) => {
    run.log.append({ stage, ...record });
    events.append({ ...record });
  };
  const begun = from ? Math.round(from.manifest.epoch) : 0;

  await trainLoop<B>({
    title: stage,
    pace,
    done: begun,
    batches: plan.batches,
    step(batch, { epoch, step, lr }) {
      const sizes = batch.groups ?? microBatches(batch.ids.length, options.microBatch);
      const at = { epoch, step };
      const forward: Forward = {
        record: plan.record && ((micro) => plan.record!(batch, micro, at)),
        loss: (micro, features) => plan.loss(batch, micro, at, features),
      };
      const shape = plan.shape(batch);
      const take = () => update(parts, sizes, options.clipNorm, { step, lr }, forward);
      return { ...withinMemory(run.config, stage, { items: Math.max(...sizes), shape }, take), lr, shape };
    },
    onStep: log,
    afterEpoch: async (epoch, step) => {
      // Averages are what is measured and what the checkpoint gives to others.
      swapAverages(parts);
      const finished = epoch + 1 === pace.epochs;
      if (finished) await plan.settle?.();
      const measured = (await plan.validate?.(epoch)) ?? null;
      if (measured) {
        const { judge: metric, metrics } = measured;
        log({ step, epoch: epoch + 1, metrics, time: new Date().toISOString() });
        const value = metrics[metric]!;
        if (!best || value > best.value) best = { metric, value, step };
      }
      run.store.save(stage, {
        what: plan.what,
        step,
        epoch: epoch + 1,
        tensors: snapshot(parts),
        configHash: configHash(run.config, stage),
        parent: plan.parent,
        engine: `${run.engine.name} ${run.engine.version}`,
        seed: run.config.seed,
        best,
        finished,
        state: { logPosition: run.log.position(), config: stageConfig(run.config, stage) } satisfies CheckpointState,
      });
      run.store.prune(stage, { keepLast: 2 });
      swapAverages(parts);
    },
  });
  disposeParts(parts);
  const { step, sha256 } = run.store.manifest(stage)!;
  return { stage, step, sha256 };
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

function stateOf({ manifest }: LoadedCheckpoint): CheckpointState {
  return manifest.state as CheckpointState;
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
