import type { CheckpointRef, TrainedStage } from '../../checkpoints/run-store.js';
import type { Config } from '../../config/schema.js';
import { randomStream } from '../../engine/random.js';
import { buildEncoder } from '../../models/encoders/catalogue.js';
import type { Encoder } from '../../models/encoders/encoder.js';
import { Parameters } from '../../models/parameters.js';
import { importState } from '../../models/state.js';
import { UsageError } from '../../system/errors.js';
import { adam } from '../../train/optimizers/optimizers.js';
import { disposeParts, trainedParts } from '../../train/trained-parts.js';
import { imagenetWeights } from '../weights/imagenet.js';
import { dataPath, type Run } from '../run/run.js';
import { StageProgress } from '../training/stage-progress.js';
import { toState } from '../training/snapshot.js';
import { finishedCheckpoint } from '../training/train-stage.js';
import { loadEncoderWeights } from '../weights/encoder-weights.js';

/** An encoder with its parameters. */
export interface LoadedEncoder {
  encoder: Encoder;
  parameters: Parameters;
}

/** The encoder at its start: from `encoder.weights`, or random. */
export function freshEncoder(config: Config): LoadedEncoder {
  const encoder = buildEncoder(config.encoder);
  const parameters = new Parameters(encoder.parameters, randomStream(config.seed, 'encoder'));
  const { type, weights } = config.encoder;
  if (weights !== null)
    loadEncoderWeights(parameters, weights === 'imagenet' ? imagenetWeights(type) : dataPath(config, weights));
  return { encoder, parameters };
}

/** The encoder as a stage left it, with the reference to that checkpoint. A stage 1 of no epochs is done by whoever needs it first. */
export function storedEncoder(run: Run, stage: TrainedStage): LoadedEncoder & { reference: CheckpointRef } {
  if (stage === 'pretrain' && run.config.pretrain.epochs === 0) keepFreshEncoder(run);
  const loaded = run.store.load(stage, 'latest');
  if (!loaded?.manifest.finished)
    throw new UsageError(`${stage} is not finished in ${run.folder}: run \`lofi ${stage}\` first`);
  const encoder = buildEncoder(run.config.encoder);
  const parameters = new Parameters(encoder.parameters, randomStream(run.config.seed, 'encoder'));
  importState(parameters, toState(loaded.tensors), `the encoder of ${stage}`, 'encoder.');
  const { step, sha256 } = loaded.manifest;
  return { encoder, parameters, reference: { stage, step, sha256 } };
}

/** Keeps the encoder at its start as what stage 1 gives: `pretrain.epochs: 0`. */
export function keepFreshEncoder(run: Run): CheckpointRef {
  const done = finishedCheckpoint(run, 'pretrain', null);
  if (done) return done;
  const { parameters } = freshEncoder(run.config);
  const planned = { encoder: { parameters, rules: new Map() } };
  const parts = trainedParts('pretrain', { lrFactors: {}, ema: 0 }, planned, adam);
  const pace = { epochs: 0, steps: () => 0, rate: () => 0 };
  const model = { stage: 'pretrain', what: 'encoder as it was given', parent: null, parts, pace } as const;
  run.store.discardAfter('pretrain', -1);
  const kept = new StageProgress(run, model).save(true);
  disposeParts(parts);
  return kept;
}

/** The encoder that later stages use: of `joint`, or of `pretrain` where that was left out (the ACP baseline). */
export function trainedEncoder(run: Run): LoadedEncoder & { reference: CheckpointRef } {
  return storedEncoder(run, run.store.steps('joint').length > 0 ? 'joint' : 'pretrain');
}
