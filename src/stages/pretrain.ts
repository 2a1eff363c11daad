import * as tf from '@tensorflow/tfjs-core';
import type { CheckpointRef } from '../checkpoints/store.js';
import { randomStream } from '../engine/random.js';
import { Classifier, crossEntropy } from '../models/classifier.js';
import { Parameters } from '../models/parameters.js';
import { UsageError } from '../system/errors.js';
import { clipByGlobalNorm, disposeGradients, lossAndGradients } from '../train/gradients.js';
import { learningRate } from '../train/learning-rate.js';
import { adam, sgd, type ParameterRule } from '../train/optimizers.js';
import { StatisticsCollector } from '../train/statistics.js';
import { joinBytes } from './batches.js';
import { clipBatches, validationBatches, type ClipBatch } from './clip-batches.js';
import { freshEncoder } from './encoder.js';
import { stage1Clips, type Run } from './run.js';
import { finishedCheckpoint, trainStage } from './training.js';

/** Stage 1: encoder and classifier on trimmed clips, by TSM's recipe (lofi_spec §4.3). */
export async function pretrain(run: Run): Promise<CheckpointRef> {
  const done = finishedCheckpoint(run, 'pretrain', null);
  if (done) return done;
  const { config } = run;
  const options = config.pretrain;
  const { size } = options;
  const { frames } = config.encoder;
  const clips = await stage1Clips(run);
  const training = clips.filter((clip) => clip.subset === 'training');
  const validation = clips.filter((clip) => clip.subset === 'validation');
  if (training.length === 0) throw new UsageError('pretrain: no clip of subset training');
  const classes = [...new Set(clips.map((clip) => clip.label))].sort();

  const { encoder, parameters } = freshEncoder(config);
  const classifier = new Classifier(encoder.channels, classes.length, 0.001);
  const classifierParameters = new Parameters(
    classifier.parameters,
    randomStream(config.seed, 'pretrain', 'classifier'),
  );
  const optimizerOf = (of: Parameters, rules: Map<string, ParameterRule>) =>
    options.optimizer === 'adam' ? adam(of, rules) : sgd(of, rules, options.momentum);
  const parts = new Map([
    ['encoder', { parameters, optimizer: optimizerOf(parameters, encoderRules(parameters, options.weightDecay)) }],
    [
      'classifier',
      { parameters: classifierParameters, optimizer: optimizerOf(classifierParameters, classifierRules(options)) },
    ],
  ]);
  const byPart = new Map([...parts].map(([name, part]) => [name, part.parameters]));
  const statistics = new StatisticsCollector();
  const stepsPerEpoch = Math.ceil(training.length / options.batch);

  const labels = ({ clips }: ClipBatch) => clips.map(({ label }) => classes.indexOf(label));
  const clipTensor = (batch: ClipBatch) =>
    tf.tensor(joinBytes(batch.frames), [batch.ids.length, 1, frames, size, size, 3]);
  const clipFeatures = (batch: ClipBatch, pass: Parameters, normalization: 'batch' | 'running') =>
    tf.reshape<tf.Rank.R2>(
      encoder.encode(clipTensor(batch), { parameters: pass, normalization, onStatistics: statistics.collect }),
      [batch.ids.length, encoder.channels],
    );

  return trainStage(run, {
    stage: 'pretrain',
    what: 'encoder + clip classifier',
    parent: null,
    parts,
    epochs: options.epochs,
    stepsPerEpoch,
    batches: (epoch) => clipBatches(config, run.frames.load, training, epoch),
    step(batch, { epoch, step }) {
      const lr = learningRate(options, epoch + (step % stepsPerEpoch) / stepsPerEpoch);
      const normalization = options.batchNorm === 'train' ? 'batch' : 'running';
      const seed = randomStream(config.seed, 'pretrain', 'dropout', step).below(2 ** 31);
      const { total, terms, gradients } = lossAndGradients(() => {
        const features = clipFeatures(batch, parameters, normalization);
        const pass = { parameters: classifierParameters, normalization: 'running' as const };
        return {
          total: crossEntropy(classifier.logits(features, pass, options.dropout, seed), labels(batch)),
          terms: {},
        };
      }, byPart);
      const clipped = options.clipNorm > 0 ? clipByGlobalNorm(gradients, options.clipNorm) : gradients;
      for (const [name, part] of parts) part.optimizer.step(clipped.get(name)!, lr);
      disposeGradients(clipped);
      statistics.update(parameters);
      return { loss: total, terms, lr, shape: `${frames}x${size}` };
    },
    async validate() {
      if (validation.length === 0) return null;
      let right = 0;
      for await (const batch of validationBatches(config, run.frames.load, validation)) {
        const best = tf.tidy(() => {
          const features = clipFeatures(batch, parameters, 'running');
          const pass = { parameters: classifierParameters, normalization: 'running' as const };
          return tf.argMax(classifier.logits(features, pass), 1);
        });
        const answers = best.dataSync();
        best.dispose();
        right += labels(batch).filter((label, i) => answers[i] === label).length;
      }
      return { metric: 'top1', value: right / validation.length };
    },
  });
}

/** Weights decay; batch normalisation's scale and offset do not. */
function encoderRules({ specs }: Parameters, weightDecay: number): Map<string, ParameterRule> {
  return new Map(
    specs
      .filter((spec) => spec.trainable)
      .map(({ name, kind }) => [name, { lr: 1, weightDecay: kind === 'vector' ? 0 : weightDecay }]),
  );
}

function classifierRules({ classifierLr, weightDecay }: Run['config']['pretrain']): Map<string, ParameterRule> {
  return new Map([
    ['fc.weight', { lr: classifierLr, weightDecay }],
    ['fc.bias', { lr: 2 * classifierLr, weightDecay: 0 }],
  ]);
}
