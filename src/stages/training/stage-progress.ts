import { z } from 'zod';
import type { BestMetric, LoadedCheckpoint, Origin } from '../../checkpoints/run-store.js';
import { configHash, stageConfig } from '../../config/hash.js';
import type { SeenBatch, SourceState } from '../../train/batches/batch-source.js';
import type { Position } from '../../train/loop.js';
import { stepsBefore } from '../../train/schedule/pace.js';
import { swapAverages } from '../../train/trained-parts.js';
import type { Run } from '../run/run.js';
import { requireFinite, restore, restoreSource, snapshot } from './snapshot.js';
import type { StageModel } from './training-plan.js';

const seenSchema = z.object({
  shape: z.string(),
  items: z.array(z.int().nonnegative()).readonly(),
  losses: z.array(z.number()).readonly(),
  sampling: z.object({ mean: z.number(), gain: z.number() }).nullable(),
});

const stateSchema = z.object({
  /** Finished epochs, and finished batches of the current one. */
  epochs: z.int().nonnegative(),
  batches: z.int().nonnegative(),
  /** Length of `metrics.jsonl` in bytes when the checkpoint was written. */
  logPosition: z.int().nonnegative(),
  /** Number of rollbacks after divergence, each of which multiplies the learning rate by `training.rollbackFactor`. */
  rollbacks: z.int().nonnegative(),
  /** The part of the configuration that the checkpoint was made with. */
  config: z.unknown(),
  /** State of the batch source: its values, and the batches seen since its last update point. */
  source: z.object({ values: z.unknown(), seen: z.array(seenSchema) }).optional(),
});

/**
 * The state of a stage in a checkpoint, besides tensors. Random streams have no state, because they are named by epoch,
 * step and item.
 */
export type CheckpointState = z.output<typeof stateSchema>;

/** The state in a checkpoint's manifest. */
export function stateOf({ manifest }: Pick<LoadedCheckpoint, 'manifest'>): CheckpointState {
  return stateSchema.parse(manifest.state);
}

/**
 * The progress of a training stage: together with the tensors of its parts, everything that its next step depends on.
 */
export class StageProgress {
  position: Position = { epochs: 0, batches: 0 };
  best: BestMetric | null = null;
  rollbacks = 0;
  /** The state of the batch source. */
  source: SourceState;
  /** Batches seen since the last update point of the source. */
  seen: SeenBatch[] = [];
  /** Whether tensors, position and log match. False within a step, and from the end of an epoch until it is saved. */
  whole = true;

  constructor(
    private readonly run: Run,
    private readonly model: StageModel,
    private readonly initialSource: SourceState,
  ) {
    this.source = initialSource;
  }

  /** Optimiser steps done. */
  get step(): number {
    return stepsBefore(this.model.pace, this.position.epochs) + this.position.batches;
  }

  /** Restores a checkpoint, and deletes later checkpoints and log records, whose steps will be done again. */
  resume(from: LoadedCheckpoint): void {
    const { parts, stage } = this.model;
    const { epochs, batches, rollbacks, logPosition, source } = stateOf(from);
    restore(parts, from.tensors);
    swapAverages(parts);
    this.position = { epochs, batches };
    this.best = from.manifest.best;
    this.rollbacks = rollbacks;
    this.source = source ? { values: source.values, tensors: restoreSource(from.tensors) } : this.initialSource;
    this.seen = source?.seen ?? [];
    this.whole = true;
    this.run.store.discardAfter(stage, from.manifest.step);
    this.run.log.truncate(logPosition);
  }

  /**
   * Writes a checkpoint, and deletes those that need not be kept any longer.
   *
   * @throws NotFinite when a tensor is not finite; WorkError when writing fails.
   */
  save(finished = false): Origin {
    const { config, store, engine, log } = this.run;
    const { stage, what, madeOf, parts, pace } = this.model;
    const { epochs, batches } = this.position;
    // Readers of the checkpoint get the averages as the parameters.
    swapAverages(parts);
    const tensors = snapshot(parts, this.source);
    swapAverages(parts);
    requireFinite(tensors);
    const remembers = this.source.values !== null || this.source.tensors.size > 0 || this.seen.length > 0;
    const saved = store.save(stage, {
      ...madeOf,
      what,
      step: this.step,
      epoch: batches === 0 ? epochs : epochs + batches / pace.steps(epochs),
      tensors,
      configHash: configHash(config, stage),
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
        ...(remembers && { source: { values: this.source.values, seen: this.seen } }),
      } satisfies CheckpointState,
    });
    const { keepLast, keepEvery } = config.checkpoint;
    store.prune(stage, { keepLast, ...(keepEvery !== null && { keepEvery }) });
    return saved;
  }
}
