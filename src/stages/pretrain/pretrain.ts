import * as tf from '@tensorflow/tfjs-core';
import type { CheckpointRef } from '../../checkpoints/run-store.js';
import type { MeasuredClip } from '../../data/measured-clips.js';
import { resolvePrecision } from '../../engine/precision.js';
import { randomStream } from '../../engine/random.js';
import { Classifier, crossEntropy, mixedCrossEntropy } from '../../models/classifier.js';
import { setBatchNormMode } from '../../models/layers/batch-norm-layer.js';
import type { Pass } from '../../models/layers/layer.js';
import { Parameters } from '../../models/parameters.js';
import { UsageError } from '../../system/errors.js';
import { drawShare, mix } from '../../train/mixup.js';
import { multigridPace, multigridPlan } from '../../train/schedule/multigrid.js';
import { adam, sgd } from '../../train/optimizers/optimizers.js';
import { evenPace } from '../../train/schedule/pace.js';
import { tsmRules } from '../../train/optimizers/parameter-rules.js';
import { trainedParts } from '../../train/trained-parts.js';
import { joinBytes } from '../training/batches.js';
import { clipAccuracy } from './clip-accuracy.js';
import { clipBatches, validationBatches, type ClipBatch } from './clip-batches.js';
import type { Views } from '../../data/views/clip-views.js';
import { freshEncoder, keepFreshEncoder } from '../encoder/run-encoder.js';
import { settleStatistics } from '../encoder/full-fidelity.js';
import { stage1Clips, type Run } from '../run/run.js';
import { finishedCheckpoint, trainStage } from '../training/train-stage.js';

/** Stage 1: encoder and classifier on trimmed clips, by TSM's recipe (lofi_spec §4.3). */
export async function pretrain(run: Run): Promise<CheckpointRef> {
  if (run.config.pretrain.epochs === 0) return keepFreshEncoder(run);
  const done = finishedCheckpoint(run, 'pretrain', null);
  if (done) return done;
  const { config } = run;
  const { seed, pretrain: options } = config;
  const clips = await stage1Clips(run);
  const training = clips.filter((clip) => clip.subset === 'training');
  const validation = clips.filter((clip) => clip.subset === 'validation');
  if (training.length === 0) throw new UsageError('pretrain: no clip of subset training');
  const classes = [...new Set(clips.map((clip) => clip.label))].sort();

  const { encoder, parameters } = freshEncoder(config);
  const normalization = setBatchNormMode(parameters, options.batchNorm);
  const classifier = new Classifier(encoder.channels, classes.length, 0.001);
  const classifierParameters = new Parameters(classifier.parameters, randomStream(seed, 'pretrain', 'classifier'));
  const parts = trainedParts(
    'pretrain',
    options,
    {
      encoder: { parameters, rules: tsmRules(parameters.specs, options) },
      classifier: { parameters: classifierParameters, rules: tsmRules(classifierParameters.specs, options) },
    },
    (of, rules) => (options.optimizer === 'adam' ? adam(of, rules) : sgd(of, rules, options.momentum)),
  );
  const trainingPass: Pass = {
    parameters,
    normalization,
    onStatistics: parts.encoder.statistics.collect,
    precision: resolvePrecision(config.precision),
  };
  const runningPass: Pass = { parameters, normalization: 'running' };
  const classifierPass: Pass = { parameters: classifierParameters, normalization: 'running' };

  /** Frames of samples `[N, 1, F, S, S, 3]`: a clip is one snippet. */
  const clipTensor = (samples: readonly Uint8Array[], { frames, size }: ClipBatch['shape']) =>
    tf.tensor(joinBytes(samples), [samples.length, 1, frames, size, size, 3]);
  /** Of clips as of so many rows. */
  const logits = (features: tf.Tensor3D, dropout = 0, seed = 0) =>
    classifier.logits(tf.reshape(features, [-1, encoder.channels]), classifierPass, dropout, seed);
  const classOf = ({ label }: MeasuredClip) => classes.indexOf(label);

  /** Mixup blends each sample with the next of the batch; the order of an epoch is random. */
  const next = <T>(all: readonly T[], from: number, to: number) => [...all.slice(1), all[0]!].slice(from, to);
  const shares = (ids: readonly string[], epoch: number) =>
    ids.map((id) => drawShare(options.mixup, randomStream(seed, 'pretrain', 'mixup', epoch, id)));

  const accuracy = (views: Views) =>
    clipAccuracy(
      validationBatches(config, run.frames.load, validation, views),
      ({ frames, shape }) => logits(encoder.encode(clipTensor(frames, shape), runningPass)),
      classOf,
    );

  const plan = options.multigrid && multigridPlan(options.multigrid, { ...options, ...config.encoder });
  const pace = plan ? multigridPace(plan, options, training.length) : evenPace(options, training.length);
  return trainStage<ClipBatch>(run, {
    stage: 'pretrain',
    what: 'encoder + clip classifier',
    parent: null,
    parts,
    pace,
    batches: (epoch, from) => clipBatches(config, run.frames.load, training, epoch, plan, from),
    shape: ({ shape }) => `${shape.frames}x${shape.size}`,
    record({ ids, frames, shape }, { from, to }, { epoch }) {
      const own = clipTensor(frames.slice(from, to), shape);
      if (options.mixup === 0) return encoder.record(own, trainingPass);
      const other = clipTensor(next(frames, from, to), shape);
      const mixed = tf.tidy(() => mix(own, other, shares(ids.slice(from, to), epoch)));
      tf.dispose([own, other]);
      return encoder.record(mixed, trainingPass);
    },
    loss({ ids, clips: list }, { from, to }, { epoch, step }, features) {
      const dropoutSeed = randomStream(seed, 'pretrain', 'dropout', step, from).below(2 ** 31);
      const given = logits(features!, options.dropout, dropoutSeed);
      const labels = list.slice(from, to).map(classOf);
      if (options.mixup === 0) return { total: crossEntropy(given, labels), terms: {} };
      const others = next(list, from, to).map(classOf);
      return { total: mixedCrossEntropy(given, labels, others, shares(ids.slice(from, to), epoch)), terms: {} };
    },
    settle: () => settleStatistics(run, { encoder, parameters }, options.reestimate),
    async validate(epoch) {
      if (validation.length === 0) return null;
      const metrics: Record<string, number> = await accuracy({ clips: 1, crops: 1 });
      const { views } = options;
      if (epoch + 1 === pace.epochs && views.clips * views.crops > 1) {
        const { top1, top5 } = await accuracy(views);
        const name = `${views.clips}x${views.crops}`;
        Object.assign(metrics, { [`top1 ${name}`]: top1, [`top5 ${name}`]: top5 });
      }
      return { judge: 'top1', metrics };
    },
  });
}
