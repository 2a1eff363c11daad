import type * as tf from '@tensorflow/tfjs-core';
import type { MadeOf } from '../../checkpoints/run-store.js';
import type { StageName } from '../../config/stages.js';
import type { TrainingKeys } from '../../config/schema.js';
import type { EncoderRecord } from '../../models/encoders/encoder.js';
import type { BatchSource } from '../../train/batches/batch-source.js';
import type { MicroBatch } from '../../train/ranks/division.js';
import type { LossTensors } from '../../train/gradients.js';
import type { Batch } from '../../train/loop.js';
import type { Pace } from '../../train/schedule/pace.js';
import type { TrainedPart } from '../../train/trained-parts.js';

/** A point in training; epochs and steps count from 0. */
export interface At {
  epoch: number;
  step: number;
}

/** The configuration keys of a stage that its training loop reads. */
export type LoopOptions = Pick<TrainingKeys, 'microBatch' | 'clipNorm'>;

/** The model that a stage trains, as its checkpoints name it. */
export interface StageModel {
  stage: StageName;
  /** A description of the checkpoint's content, for people. */
  what: string;
  madeOf: MadeOf;
  parts: Readonly<Record<string, TrainedPart>>;
  pace: Pace;
}

/** The common part of all plans that stages hand to `trainStage`. */
interface CommonPlan<B extends Batch> extends StageModel {
  options: LoopOptions;
  /** Where the configuration has the keys of the stage, for messages; absent: under its name. */
  keys?: string;
  source: BatchSource<B>;
  /** Fidelity of a batch, for the log: snippets (`pretrain`: frames) × side in pixels. */
  shape: (batch: B) => string;
  /**
   * Sets parameters before the first step, as codebooks are fitted. A stage that resumes has them in its checkpoint.
   */
  begin?: () => Promise<void> | void;
  /** Changes the parameters after the last epoch, before they are saved. */
  settle?: () => Promise<void>;
  /** Measures the model after an epoch; null where nothing is measured. */
  validate?: (epoch: number) => Promise<Measured | null>;
}

/** A stage that trains an encoder by its own backward pass, and the parts behind its features by the tape. */
interface EncoderPlan<B extends Batch> extends CommonPlan<B> {
  through: 'encoder';
  /** Runs a micro-batch through the part `encoder`, and records the pass for its backward pass. */
  record: (batch: B, micro: MicroBatch, at: At) => EncoderRecord;
  /** Computes the loss of a micro-batch of n items from its features `[n, L, C]`, on the tape. */
  loss: (batch: B, micro: MicroBatch, at: At, features: tf.Tensor3D) => LossTensors;
}

/** A stage whose parts are all differentiated by the tape. */
interface TapePlan<B extends Batch> extends CommonPlan<B> {
  through: 'tape';
  /** Computes the loss of a micro-batch, on the tape. */
  loss: (batch: B, micro: MicroBatch, at: At) => LossTensors;
}

/** The plan of a training stage: what it trains, on which batches, and how. */
export type TrainingPlan<B extends Batch> = EncoderPlan<B> | TapePlan<B>;

/** Metrics by name. The metric named `judge` decides which checkpoint is the best; higher is better. */
export interface Measured {
  judge: string;
  metrics: Record<string, number>;
}
