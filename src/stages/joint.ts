import * as tf from '@tensorflow/tfjs-core';
import type { CheckpointRef } from '../checkpoints/store.js';
import { randomStream } from '../engine/random.js';
import { buildHead } from '../models/build.js';
import { gtadLoss } from '../models/heads/gtad/loss.js';
import { lossWeights } from '../models/heads/gtad/loss-weights.js';
import { Parameters } from '../models/parameters.js';
import {
  accumulate,
  clipByGlobalNorm,
  disposeGradients,
  lossAndGradients,
  type GradientsByPart,
} from '../train/gradients.js';
import { learningRate } from '../train/learning-rate.js';
import { sgd } from '../train/optimizers.js';
import { StatisticsCollector } from '../train/statistics.js';
import { joinBytes } from './batches.js';
import { storedEncoder } from './encoder.js';
import { usableVideos, type Run } from './run.js';
import { videoLabels } from './targets.js';
import { finishedCheckpoint, trainStage } from './training.js';
import { videoBatches, type VideoBatch } from './video-batches.js';

/**
 * Stage 2, LoFi: encoder and head together on whole videos at low fidelity, the shapes in turn (LoFi §3.3). The head
 * is thrown away afterwards; what remains is the encoder.
 */
export async function joint(run: Run): Promise<CheckpointRef> {
  const { config } = run;
  const options = config.joint;
  const { encoder, parameters, reference: parent } = storedEncoder(run, 'pretrain');
  const done = finishedCheckpoint(run, 'joint', parent);
  if (done) return done;
  const { frames } = config.encoder;
  const videos = usableVideos(run, config.data.trainOn);
  const head = buildHead(config.model, encoder.channels);
  const headParameters = new Parameters(head.parameters, randomStream(config.seed, 'joint', 'head'));
  const rules = (of: Parameters, lr: number) =>
    new Map(of.trainable().map((name) => [name, { lr, weightDecay: options.weightDecay }]));
  const parts = new Map([
    ['encoder', { parameters, optimizer: sgd(parameters, rules(parameters, options.encoderLr), options.momentum) }],
    [
      'head',
      { parameters: headParameters, optimizer: sgd(headParameters, rules(headParameters, 1), options.momentum) },
    ],
  ]);
  const byPart = new Map([...parts].map(([name, part]) => [name, part.parameters]));
  const statistics = new StatisticsCollector();
  const normalization = options.batchNorm === 'train' ? 'batch' : 'running';
  const stepsPerEpoch = Math.ceil(videos.length / options.batch);

  /** Loss and gradients of some videos of a batch. */
  const microStep = ({ videos, frames: bytes, shape }: VideoBatch, from: number, step: number) => {
    const to = Math.min(from + options.microBatch, videos.length);
    const draws = randomStream(config.seed, 'joint', 'draws', step, from);
    const labels = videos
      .slice(from, to)
      .map((video) => videoLabels(video, shape.snippets, head.anchors(shape.snippets)));
    const weights = lossWeights(labels, () => draws.uniform());
    const { snippets, size } = shape;
    const result = lossAndGradients(() => {
      const x = tf.tensor(joinBytes(bytes.slice(from, to)), [to - from, snippets, frames, size, size, 3]);
      const features = encoder.encode(x, { parameters, normalization, onStatistics: statistics.collect });
      const output = head.apply(features, { parameters: headParameters, normalization: 'running' });
      const { total, ...terms } = gtadLoss(output, weights);
      return { total, terms };
    }, byPart);
    return { ...result, share: (to - from) / videos.length };
  };

  return trainStage(run, {
    stage: 'joint',
    what: 'encoder + joint head',
    parent,
    parts,
    epochs: options.epochs,
    stepsPerEpoch,
    batches: (epoch) => videoBatches(config, run.frames.load, videos, epoch),
    step(batch, { epoch, step }) {
      const lr = learningRate(options, epoch + (step % stepsPerEpoch) / stepsPerEpoch);
      let sum: GradientsByPart | undefined;
      let loss = 0;
      const terms: Record<string, number> = {};
      for (let from = 0; from < batch.videos.length; from += options.microBatch) {
        const micro = microStep(batch, from, step);
        sum = accumulate(sum, micro.gradients, micro.share);
        loss += micro.total * micro.share;
        for (const [name, term] of Object.entries(micro.terms)) terms[name] = (terms[name] ?? 0) + term * micro.share;
      }
      const clipped = options.clipNorm > 0 ? clipByGlobalNorm(sum!, options.clipNorm) : sum!;
      for (const [name, part] of parts) part.optimizer.step(clipped.get(name)!, lr);
      disposeGradients(clipped);
      statistics.update(parameters);
      return { loss, terms, lr, shape: `${batch.shape.snippets}x${batch.shape.size}` };
    },
  }).finally(() => {
    head.dispose();
  });
}
