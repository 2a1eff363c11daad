import { z } from 'zod';
import type { BestMetric, LoadedCheckpoint, Origin } from '../../checkpoints/run-store.js';
import { configHash, stageConfig } from '../../config/hash.js';
import type { SeenItem, SourceState } from '../../train/batches/batch-source.js';
import type { Position } from '../../train/loop.js';
import { stepsBefore } from '../../train/schedule/pace.js';
import { swapAverages } from '../../train/trained-parts.js';
import type { Run } from '../run/run.js';
import { requireFinite, restore, restoreSource, snapshot } from './snapshot.js';
import type { StageModel } from './training-plan.js';

const stateSchema = z.object({
  /** Epochs done, and batches of the one after. */
  epochs: z.int().nonnegative(),
  batches: z.int().nonnegative(),
  /** Length of `metrics.jsonl` when the checkpoint was written, bytes. */
  logPosition: z.int().nonnegative(),
  /** How often training went back because it had diverged: its rate is lower by so many factors. */
  rollbacks: z.int().nonnegative(),
  /** The part of the configuration that the checkpoint was made with. */
  config: z.unknown(),
  /** Of the batch source: its values, and the items seen since its state last moved. */
  source: z.object({ values: z.unknown(), seen: z.array(z.object({ id: z.string(), loss: z.number() })) }).optional(),
});

/** What a checkpoint says of its stage beside tensors. Random streams are named by epoch, step and item: they have no state. */
export type CheckpointState = z.output<typeof stateSchema>;

/** The state in a checkpoint's manifest. */
export function stateOf({ manifest }: Pick<LoadedCheckpoint, 'manifest'>): CheckpointState {
  return stateSchema.parse(manifest.state);
}

/** Where a training stage stands: with the tensors of its parts, all that its next step depends on. */
export class StageProgress {
  position: Position = { epochs: 0, batches: 0 };
  best: BestMetric | null = null;
  rollbacks = 0;
  /** Items seen since the state of the source last moved. */
  seen: SeenItem[] = [];
  /** False within a step, and from the end of an epoch until that is kept: tensors, position and log do not fit then. */
  whole = true;

  constructor(
    private readonly run: Run,
    private readonly model: StageModel,
    /** The state of the batch source. */
    public source: SourceState,
  ) {}

  /** Optimiser steps done. */
  get step(): number {
    return stepsBefore(this.model.pace, this.position.epochs) + this.position.batches;
  }

  /** Takes up a checkpoint. Later ones, and what the log has beyond it, are of steps that are done again. */
  resume(from: LoadedCheckpoint): void {
    const { parts, stage } = this.model;
    const { epochs, batches, rollbacks, logPosition, source } = stateOf(from);
    restore(parts, from.tensors);
    swapAverages(parts);
    this.position = { epochs, batches };
    this.best = from.manifest.best;
    this.rollbacks = rollbacks;
    if (source) this.source = { values: source.values, tensors: restoreSource(from.tensors) };
    this.seen = source?.seen ?? [];
    this.whole = true;
    this.run.store.discardAfter(stage, from.manifest.step);
    this.run.log.truncate(logPosition);
  }

  /**
   * Keeps a checkpoint and deletes those that are not to be kept any longer.
   *
   * @throws NotFinite where the parameters make no sense; WorkError where the disk refuses.
   */
  save(finished = false): Origin {
    const { config, store, engine, log } = this.run;
    const { stage, what, madeOf, parts, pace } = this.model;
    const { epochs, batches } = this.position;
    // Averages are what the checkpoint gives to others.
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
