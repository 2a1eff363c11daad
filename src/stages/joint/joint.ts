import * as tf from '@tensorflow/tfjs-core';
import type { CheckpointRef } from '../../checkpoints/run-store.js';
import { resolvePrecision } from '../../engine/precision.js';
import { randomStream } from '../../engine/random.js';
import { buildHead } from '../../models/heads/catalogue.js';
import { chunked } from '../../models/encoders/chunked.js';
import type { HeadInstance } from '../../models/heads/head.js';
import { setBatchNormMode } from '../../models/layers/batch-norm-layer.js';
import type { Pass } from '../../models/layers/layer.js';
import { Parameters } from '../../models/parameters.js';
import { adamW } from '../../train/optimizers/adamw.js';
import { blend } from '../../train/blend.js';
import { sgd } from '../../train/optimizers/optimizers.js';
import { uniformRules, weightRules } from '../../train/optimizers/parameter-rules.js';
import { evenPace } from '../../train/schedule/pace.js';
import { trainedParts } from '../../train/trained-parts.js';
import { joinBytes } from '../training/batches.js';
import { storedEncoder } from '../encoder/run-encoder.js';
import { settleStatistics } from '../encoder/full-fidelity.js';
import { usableVideos, type Run } from '../run/run.js';
import { finishedCheckpoint, trainStage } from '../training/train-stage.js';
import { videoBatches, type VideoBatch } from './video-batches.js';

/**
 * Stage 2, LoFi: encoder and head together on whole videos, or windows of long ones, at low fidelity, the shapes in turn (LoFi §3.3). The head
 * is thrown away afterwards; what remains is the encoder.
 */
export async function joint(run: Run): Promise<CheckpointRef> {
  const { config } = run;
  const options = config.joint;
  const { classes } = run.dataset;
  const { encoder, parameters, reference: parent } = storedEncoder(run, 'pretrain');
  const done = finishedCheckpoint(run, 'joint', parent);
  if (done) return done;
  const { frames } = config.encoder;
  const normalization = setBatchNormMode(parameters, options.batchNorm);
  const videos = usableVideos(run, config.data.trainOn);
  const head = buildHead(config.model, encoder.channels, options.classes ? classes.length : 1);
  const headParameters = new Parameters(head.parameters, randomStream(config.seed, 'joint', 'head'));
  const decoupled = options.optimizer === 'adamw';
  const rules = (of: Parameters) => (decoupled ? weightRules : uniformRules)(of.specs, options.weightDecay);
  const parts = trainedParts(
    'joint',
    options,
    {
      encoder: { parameters, rules: rules(parameters) },
      head: { parameters: headParameters, rules: rules(headParameters) },
    },
    (of, by) => (decoupled ? adamW(of, by) : sgd(of, by, options.momentum)),
  );
  const pass: Pass = {
    parameters,
    normalization,
    onStatistics: parts.encoder.statistics.collect,
    precision: resolvePrecision(config.precision),
  };
  const headPass: Pass = {
    parameters: headParameters,
    normalization: 'running',
    onMean: parts.head.statistics.collectMean,
  };
  const trained = options.gradient === 'chunked' ? chunked(encoder, options.chunk) : encoder;

  return trainStage<VideoBatch>(run, {
    stage: 'joint',
    what: 'encoder + joint head',
    parent,
    parts,
    pace: evenPace(options, videos.length),
    batches: (epoch, from) => videoBatches(config, run.frames.load, videos, classes, epoch, from),
    shape: ({ shape }) => `${shape.snippets}x${shape.size}`,
    record({ frames: bytes, shape: { snippets, size } }, { from, to }) {
      const x = tf.tensor(joinBytes(bytes.slice(from, to)), [to - from, snippets, frames, size, size, 3]);
      return trained.record(x, pass);
    },
    loss({ instances, shape: { snippets } }, { from, to }, { step }, features) {
      const draws = randomStream(config.seed, 'joint', 'draws', step, from);
      const seen = instances.slice(from, to).map((some) => (options.classes ? some : some.map(unnamed)));
      const targets = seen.map((some) => head.targets(some, snippets, snippets));
      return head.loss({ features: features!, valid: seen.map(() => snippets) }, targets, headPass, draws);
    },
    async settle() {
      if (options.blend < 1) {
        const { parameters: start } = storedEncoder(run, 'pretrain');
        blend(parameters, start, options.blend);
        start.dispose();
      }
      await settleStatistics(run, { encoder, parameters }, options.reestimate);
    },
  }).finally(() => {
    head.dispose();
  });
}

/** As of the only class there is. */
const unnamed = (instance: HeadInstance): HeadInstance => ({ ...instance, label: 0 });
