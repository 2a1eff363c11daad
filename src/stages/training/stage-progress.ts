import type { BestMetric, CheckpointRef, LoadedCheckpoint, Origin, TrainedStage } from '../../checkpoints/run-store.js';
import type { TensorData } from '../../checkpoints/formats/tensor.js';
import { configHash, stageConfig } from '../../config/hash.js';
import type { Position } from '../../train/loop.js';
import { stepsBefore, type Pace } from '../../train/schedule/pace.js';
import { swapAverages, type TrainedPart } from '../../train/trained-parts.js';
import type { Run } from '../run/run.js';
import { restore, snapshot } from './snapshot.js';

/** The stage that is trained, as its checkpoints name it. */
export interface TrainedModel {
  stage: TrainedStage;
  /** What the checkpoint holds, for people. */
  what: string;
  parent: Origin | null;
  parts: Readonly<Record<string, TrainedPart>>;
  pace: Pace;
}

/** What a checkpoint says of its run beside tensors. Random streams are named by epoch, step and item: they have no state. */
export interface CheckpointState extends Position {
  /** Length of `metrics.jsonl` when it was written, bytes. */
  logPosition: number;
  /** How often training went back because it had diverged: its rate is lower by so many factors. */
  rollbacks: number;
  /** The part of the configuration that it was made with. */
  config: unknown;
}

export function stateOf({ manifest }: LoadedCheckpoint): CheckpointState {
  return manifest.state as CheckpointState;
}

/** Where a training stage stands: with the tensors of its parts, all that its next step depends on. */
export class StageProgress {
  position: Position = { epochs: 0, batches: 0 };
  best: BestMetric | null = null;
  rollbacks = 0;
  /** False within a step, and at the end of an epoch until that is kept: tensors, position and log do not belong together. */
  whole = true;

  constructor(
    private readonly run: Run,
    private readonly model: TrainedModel,
  ) {}

  /** Optimiser steps done. */
  get step(): number {
    return stepsBefore(this.model.pace, this.position.epochs) + this.position.batches;
  }

  /** Takes up a checkpoint; those after it, and what the log has beyond it, were of steps that are done again. */
  resume(from: LoadedCheckpoint): void {
    const { parts, stage } = this.model;
    const { epochs, batches, rollbacks, logPosition } = stateOf(from);
    restore(parts, from.tensors);
    swapAverages(parts);
    this.position = { epochs, batches };
    this.best = from.manifest.best;
    this.rollbacks = rollbacks;
    this.whole = true;
    this.run.store.discardAfter(stage, from.manifest.step);
    this.run.log.truncate(logPosition);
  }

  /**
   * Keeps a checkpoint and deletes those that are not to be kept any longer. Throws {@link NotFinite} where the parameters make
   * no sense, {@link WorkError} where the disk refuses.
   */
  save(finished = false): CheckpointRef {
    const { config, store, engine, log } = this.run;
    const { stage, what, parent, parts, pace } = this.model;
    const { epochs, batches } = this.position;
    // Averages are what the checkpoint gives to others.
    swapAverages(parts);
    const tensors = snapshot(parts);
    swapAverages(parts);
    requireFinite(tensors);
    const saved = store.save(stage, {
      what,
      step: this.step,
      epoch: batches === 0 ? epochs : epochs + batches / pace.steps(epochs),
      tensors,
      configHash: configHash(config, stage),
      parent,
      engine: `${engine.name} ${engine.version}`,
      seed: config.seed,
      best: this.best,
      finished,
      state: {
        epochs,
        batches,
        logPosition: log.position(),
        rollbacks: this.rollbacks,
        config: stageConfig(config, stage),
      } satisfies CheckpointState,
    });
    const { keepLast, keepEvery } = config.checkpoint;
    store.prune(stage, { keepLast, ...(keepEvery !== null && { keepEvery }) });
    return saved;
  }
}

/** A tensor that is to be kept has values that are not finite. */
export class NotFinite extends Error {}

function requireFinite(tensors: ReadonlyMap<string, TensorData>): void {
  for (const [name, { dtype, data }] of tensors) {
    if (dtype !== 'F32') continue;
    // 0 times anything finite is 0.
    let sum = 0;
    for (const value of data as Float32Array) sum += value * 0;
    if (sum !== 0) throw new NotFinite(`${name} is not finite`);
  }
}
