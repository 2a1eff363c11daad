import * as tf from '@tensorflow/tfjs-core';
import type { MadeOf } from '../../checkpoints/run-store.js';
import { resolvePrecision } from '../../engine/precision.js';
import { randomStream } from '../../engine/random.js';
import { chunked } from '../../models/encoders/chunked.js';
import { buildHead } from '../../models/heads/head-catalogue.js';
import type { HeadInstance } from '../../models/heads/head.js';
import { setBatchNormMode } from '../../models/layers/batch-norm-layer.js';
import type { Pass } from '../../models/layers/layer.js';
import { Parameters } from '../../models/parameters.js';
import { concatenated } from '../../system/concatenated.js';
import type { Owned } from '../../system/owned.js';
import { blend } from '../../train/blend.js';
import { optimizerOf } from '../../train/optimizers/optimizer-of.js';
import { rulesOf } from '../../train/optimizers/parameter-rules.js';
import { microBatches } from '../../train/ranks/division.js';
import { evenPace } from '../../train/schedule/pace.js';
import { sampledSource, type Slots } from '../../train/samplers/sampler.js';
import { samplerOf } from '../../train/samplers/sampler-of.js';
import { ownedParts } from '../../train/trained-parts.js';
import { settleStatistics } from '../encoder/full-fidelity.js';
import { encoderBefore, openEncoder } from '../encoder/run-encoder.js';
import { instancesInput, videoFilesInput } from '../run/inputs.js';
import type { Run } from '../run/run.js';
import { labelledVideos, usableVideos } from '../run/usable-videos.js';
import { classNumbers } from '../training/targets.js';
import type { TrainingPlan } from '../training/training-plan.js';
import { trainingStage, type Start } from '../training/training-stage.js';
import { jointSlots, shapeName, videoBatches, type VideoBatch } from './video-batches.js';

/**
 * Stage 2, LoFi (docs/method.md §2): trains encoder and head together at low fidelity, with the shapes in turn, on
 * whole videos or on windows of long ones. Later stages use the encoder; the head is not used again.
 */
export const joint = trainingStage<VideoBatch, Start>({
  name: 'joint',
  start: (run) => ({ origins: [encoderBefore(run, 'joint')] }),
  // eslint-disable-next-line @typescript-eslint/require-await -- a stage may have to measure its data
  async inputs(run) {
    const { trainOn } = run.config.data;
    const videos = usableVideos(run, trainOn);
    return {
      inputs: {
        [`instances of ${trainOn}`]: instancesInput(videos),
        [`videos of ${trainOn}`]: videoFilesInput(videos),
      },
      classes: run.config.joint.classes ? run.dataset.classes : null,
    };
  },
  microBatches: ({ config }) => microBatches(config.joint.batch, config.joint.microBatch).length,
  plan: planJoint,
});

function planJoint(run: Run, madeOf: MadeOf, owned: Owned): TrainingPlan<VideoBatch> {
  const { config } = run;
  const options = config.joint;
  const { classes } = run.dataset;
  const start = madeOf.parents[0]!;
  const { encoder, parameters } = owned.add(openEncoder(run, start));
  const { frames } = config.encoder;
  const normalization = setBatchNormMode(parameters, options.batchNorm);
  const videos = labelledVideos(run, config.data.trainOn);
  const head = owned.add(buildHead(config.model, encoder.channels, options.classes ? classes.length : 1));
  const headParameters = owned.add(new Parameters(head.parameters, randomStream(config.seed, 'joint', 'head')));
  const planned = {
    encoder: { parameters, rules: rulesOf(options, parameters.specs) },
    head: { parameters: headParameters, rules: rulesOf(options, headParameters.specs) },
  };
  const parts = ownedParts(owned, 'joint', options, planned, optimizerOf(options));
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
  const { sizes, shapeOf } = jointSlots(options, videos.length);
  const slots: Slots = {
    sizes,
    shape: (epoch, batch) => shapeName(shapeOf(epoch, batch)),
    classes: videos.map(({ instances }) => classNumbers(instances, classes)),
    classCount: classes.length,
  };

  return {
    stage: 'joint',
    what: 'encoder + joint head',
    madeOf,
    parts,
    pace: evenPace(options, videos.length),
    options,
    source: sampledSource(samplerOf(options.sampler, slots, { seed: config.seed, stage: 'joint' }), (draw, at) =>
      videoBatches(config, run.frames.load, videos, classes, draw, at, run.team),
    ),
    shape: ({ shape }) => shapeName(shape),
    through: 'encoder',
    record({ frames: bytes, shape: { snippets, size } }, { from, to, slot }, { step }) {
      const x = tf.tensor(concatenated(bytes.slice(from, to)), [to - from, snippets, frames, size, size, 3]);
      const dropoutSeed = randomStream(config.seed, 'joint', 'encoder dropout', step, slot).below(2 ** 31);
      return trained.record(x, { ...pass, dropoutSeed });
    },
    loss({ instances, unlabelled, shape: { snippets } }, { from, to, slot }, { step }, features) {
      const draws = randomStream(config.seed, 'joint', 'draws', step, slot);
      const seen = instances.slice(from, to).map((some) => (options.classes ? some : some.map(unnamed)));
      const targets = seen.map((some, i) => head.targets(some, snippets, snippets, unlabelled[from + i]));
      return head.loss({ features, valid: seen.map(() => snippets) }, targets, headPass, draws);
    },
    async settle() {
      if (options.blend < 1) {
        using before = openEncoder(run, start);
        blend(parameters, before.parameters, options.blend);
      }
      await settleStatistics(run, { encoder, parameters }, options.reestimate);
    },
  };
}

/** Class-agnostic: every instance gets label 0. */
const unnamed = (instance: HeadInstance): HeadInstance => ({ ...instance, label: 0 });
