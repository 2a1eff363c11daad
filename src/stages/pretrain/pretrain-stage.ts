import * as tf from '@tensorflow/tfjs-core';
import type { MadeOf } from '../../checkpoints/run-store.js';
import { fitsCodebook } from '../../config/stages.js';
import type { MeasuredClip } from '../../data/measured-clips.js';
import type { Views } from '../../data/views/clip-views.js';
import { resolvePrecision } from '../../engine/precision.js';
import { randomStream } from '../../engine/random.js';
import { Classifier, crossEntropies, meanLoss, mixedCrossEntropies } from '../../models/classifier.js';
import { setBatchNormMode } from '../../models/layers/batch-norm-layer.js';
import type { Pass } from '../../models/layers/layer.js';
import { Parameters } from '../../models/parameters.js';
import { freezeBelow } from '../../models/transfer.js';
import { concatenated } from '../../system/concatenated.js';
import type { Owned } from '../../system/owned.js';
import { say } from '../../system/say.js';
import { stateless } from '../../train/batches/batch-source.js';
import { drawShare, mix } from '../../train/mixup.js';
import { optimizerOf } from '../../train/optimizers/optimizer-of.js';
import { tsmRules } from '../../train/optimizers/parameter-rules.js';
import { microBatches } from '../../train/ranks/division.js';
import { sampledSource, type Slots } from '../../train/samplers/sampler.js';
import { samplerOf } from '../../train/samplers/sampler-of.js';
import { batchSizes, multigridPace, multigridPlan } from '../../train/schedule/multigrid.js';
import { evenPace } from '../../train/schedule/pace.js';
import { ownedParts } from '../../train/trained-parts.js';
import { settleStatistics } from '../encoder/full-fidelity.js';
import { fitCodebook } from '../encoder/fit-codebook.js';
import { freshEncoder, openEncoder, startOf, type LoadedEncoder } from '../encoder/run-encoder.js';
import { clipsInput, videoFilesInput } from '../run/inputs.js';
import type { Run } from '../run/run.js';
import { usableVideos } from '../run/usable-videos.js';
import type { TrainingPlan } from '../training/training-plan.js';
import { trainingStage, type Start } from '../training/training-stage.js';
import { weightsInput } from '../weights/encoder-weights-input.js';
import { clipAccuracy } from './clip-accuracy.js';
import { clipBatches, clipShapeName, clipShapes, validationBatches, type ClipBatch } from './clip-batches.js';
import { colorOffsets, colorParameters, measureColors } from './color-noise.js';
import { stage1Clips } from './stage1-clips.js';

/**
 * Stage 1: trains encoder and classifier on trimmed clips by TSM's recipe (docs/method.md §4). With 0 epochs it stores
 * the encoder as it starts, and needs no clips.
 */
export const pretrain = trainingStage<ClipBatch, Start>({
  name: 'pretrain',
  costsNothing: trainsNothing,
  start(run) {
    const start = startOf(run, 'pretrain');
    return { origins: start ? [start] : [] };
  },
  async inputs(run) {
    const weights = weightsInput(run.config);
    const given = weights && { 'encoder.weights': weights };
    const { data, pretrain } = run.config;
    const seesVideos = fitsCodebook(run.config) || (pretrain.reestimate > 0 && !trainsNothing(run));
    const seenAtFullFidelity = seesVideos && {
      [`videos of ${data.trainOn}`]: videoFilesInput(usableVideos(run, data.trainOn)),
    };
    if (trainsNothing(run)) return { inputs: { ...given, ...seenAtFullFidelity }, classes: null };
    const { training, validation, classes } = await stage1Clips(run);
    const clips = { 'training clips': clipsInput(training), 'validation clips': clipsInput(validation) };
    return { inputs: { ...given, ...clips, ...seenAtFullFidelity }, classes };
  },
  microBatches(run) {
    const { multigrid, batch, microBatch } = run.config.pretrain;
    if (trainsNothing(run)) return null;
    if (!multigrid) return microBatches(batch, microBatch).length;
    const plan = multigridPlan(multigrid, { ...run.config.pretrain, ...run.config.encoder });
    return Math.max(...plan.map(({ batchNormSplits }) => batchNormSplits));
  },
  plan: (run, madeOf, owned) => (trainsNothing(run) ? asGiven(run, madeOf, owned) : planTraining(run, madeOf, owned)),
});

function trainsNothing({ config }: Run): boolean {
  return config.pretrain.epochs === 0;
}

/** Options of a part that is only stored. */
const untrained = { lrFactors: {}, ema: 0 };

/** The encoder of the stage before, or that of `encoder.weights`, or a random one. */
function startingEncoder(run: Run, { parents: [start] }: MadeOf): LoadedEncoder {
  return start ? openEncoder(run, start) : freshEncoder(run.config);
}

/** The plan of a stage of 0 epochs, which stores the encoder as it starts. */
function asGiven(run: Run, madeOf: MadeOf, owned: Owned): TrainingPlan<ClipBatch> {
  const loaded = owned.add(startingEncoder(run, madeOf));
  const { parameters } = loaded;
  return {
    stage: 'pretrain',
    what: 'encoder as it was given',
    madeOf,
    parts: ownedParts(
      owned,
      'pretrain',
      untrained,
      { encoder: { parameters, rules: new Map() } },
      optimizerOf({ optimizer: 'sgd' }),
    ),
    pace: { epochs: 0, steps: () => 0, rate: () => 0 },
    options: run.config.pretrain,
    begin: () => fitCodebook(run, loaded, 'running'),
    source: { initial: stateless, batches: async function* () {} },
    shape: () => '',
    through: 'tape',
    loss: () => {
      throw new Error('a stage of no epochs takes no step');
    },
  };
}

async function planTraining(run: Run, madeOf: MadeOf, owned: Owned): Promise<TrainingPlan<ClipBatch>> {
  const { config } = run;
  const { seed, pretrain: options } = config;
  const { training, validation, classes } = await stage1Clips(run);

  const loaded = owned.add(startingEncoder(run, madeOf));
  const { encoder, parameters } = loaded;
  const mode = setBatchNormMode(parameters, options.batchNorm);
  freezeBelow(parameters, options.transfer);
  if (options.transfer !== 'all' && madeOf.parents.length === 0 && config.encoder.weights === null)
    say(
      `warning: pretrain.transfer=${options.transfer} keeps layers as they are, and they are random: set encoder.weights`,
    );
  // By the batch, frozen layers would not give what they give later: their running statistics stay.
  const normalization = options.transfer === 'all' ? mode : 'running';
  const classifier = new Classifier(encoder.channels, classes.length, 0.001);
  const classifierParameters = owned.add(
    new Parameters(classifier.parameters, randomStream(seed, 'pretrain', 'classifier')),
  );
  const planned = {
    // Linear layers of an encoder are no classifier: they learn at the encoder's rate.
    encoder: { parameters, rules: tsmRules(parameters.specs, { ...options, classifierLr: 1 }) },
    classifier: { parameters: classifierParameters, rules: tsmRules(classifierParameters.specs, options) },
  };
  const noise = options.pcaColor && owned.add(colorParameters());
  const parts = {
    ...ownedParts(owned, 'pretrain', options, planned, optimizerOf(options)),
    // A part of its own, so that encoder and classifier have the same parameters with and without noise.
    ...(noise &&
      ownedParts(
        owned,
        'pretrain',
        untrained,
        { colors: { parameters: noise, rules: new Map() } },
        optimizerOf(options),
      )),
  };
  const trainingPass: Pass = {
    parameters,
    normalization,
    onStatistics: parts.encoder.statistics.collect,
    precision: resolvePrecision(config.precision),
  };
  const runningPass: Pass = { parameters, normalization: 'running' };
  const classifierPass: Pass = { parameters: classifierParameters, normalization: 'running' };

  /** The frames of samples as a tensor `[N, 1, F, S, S, 3]`: a clip is one snippet. */
  const clipTensor = (samples: readonly Uint8Array[], { frames, size }: ClipBatch['shape']) =>
    tf.tensor(concatenated(samples), [samples.length, 1, frames, size, size, 3]);
  /** Features `[N, 1, C]` of N clips → logits `[N, K]`. */
  const logits = (features: tf.Tensor3D, dropout = 0, seed = 0) =>
    classifier.logits(tf.reshape(features, [-1, encoder.channels]), classifierPass, dropout, seed);
  const classOf = ({ label }: MeasuredClip) => classes.indexOf(label);

  /** The partners of samples in mixup: each is blended with the next one of its micro-batch. */
  const next = <T>(all: readonly T[], from: number, to: number) => [...all.slice(from + 1, to), all[from]!];
  const shares = (ids: readonly string[], epoch: number) =>
    ids.map((id) => drawShare(options.mixup, randomStream(seed, 'pretrain', 'mixup', epoch, id)));

  const accuracy = (views: Views) =>
    clipAccuracy(
      validationBatches(config, run.frames.load, validation, () => views),
      ({ frames, shape }) => logits(encoder.encode(clipTensor(frames, shape), runningPass)),
      classOf,
    );

  const plan = options.multigrid && multigridPlan(options.multigrid, { ...options, ...config.encoder });
  const pace = plan ? multigridPace(plan, options, training.length) : evenPace(options, training.length);
  const shapes = clipShapes(config, plan, training.length);
  const offsetOf = noise && colorOffsets(seed, options.pcaColor!, noise, pace.epochs);
  const slots: Slots = {
    sizes: (epoch) => batchSizes(shapes(epoch), training.length),
    shape: (epoch, batch) => clipShapeName(shapes(epoch)[batch]!),
    classes: training.map((clip) => [classOf(clip)]),
    classCount: classes.length,
  };
  return {
    stage: 'pretrain',
    what: 'encoder + clip classifier',
    madeOf,
    parts,
    pace,
    options,
    source: sampledSource(samplerOf(options.sampler, slots, { seed, stage: 'pretrain' }), (draw, at) =>
      clipBatches(config, run.frames.load, training, plan, draw, at, offsetOf, run.team),
    ),
    shape: ({ shape }) => clipShapeName(shape),
    through: 'encoder',
    record({ ids, frames, shape }, { from, to, slot }, { epoch, step }) {
      const dropoutSeed = randomStream(seed, 'pretrain', 'encoder dropout', step, slot).below(2 ** 31);
      const pass: Pass = { ...trainingPass, dropoutSeed };
      const own = clipTensor(frames.slice(from, to), shape);
      if (options.mixup === 0) return encoder.record(own, pass);
      const other = clipTensor(next(frames, from, to), shape);
      const mixed = tf.tidy(() => mix(own, other, shares(ids.slice(from, to), epoch)));
      tf.dispose([own, other]);
      return encoder.record(mixed, pass);
    },
    loss({ ids, clips: list }, { from, to, slot }, { epoch, step }, features) {
      const dropoutSeed = randomStream(seed, 'pretrain', 'dropout', step, slot).below(2 ** 31);
      const given = logits(features, options.dropout, dropoutSeed);
      const labels = list.slice(from, to).map(classOf);
      if (options.mixup === 0) return meanLoss(crossEntropies(given, labels));
      const others = next(list, from, to).map(classOf);
      return meanLoss(mixedCrossEntropies(given, labels, others, shares(ids.slice(from, to), epoch)));
    },
    async begin() {
      await fitCodebook(run, loaded, normalization);
      if (noise) await measureColors(run, training, noise);
    },
    settle: () => settleStatistics(run, loaded, options.reestimate),
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
  };
}
