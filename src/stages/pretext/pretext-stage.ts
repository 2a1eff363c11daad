import * as tf from '@tensorflow/tfjs-core';
import type { MadeOf } from '../../checkpoints/run-store.js';
import { randomStream } from '../../engine/random.js';
import type { Pass } from '../../models/layers/layer.js';
import { Parameters } from '../../models/parameters.js';
import { scaledPercepts } from '../../models/sequence/percept-scale.js';
import type { Owned } from '../../system/owned.js';
import { optimizerOf } from '../../train/optimizers/optimizer-of.js';
import { rulesOf } from '../../train/optimizers/parameter-rules.js';
import { sampledSource } from '../../train/samplers/sampler.js';
import { evenSizes, shuffled } from '../../train/samplers/shuffled.js';
import { evenPace } from '../../train/schedule/pace.js';
import { ownedParts } from '../../train/trained-parts.js';
import { momentsOf } from '../features/moments.js';
import { openFeatures } from '../features/open-features.js';
import { fileInput, videoFilesInput } from '../run/inputs.js';
import { dataPath } from '../run/run-dataset.js';
import type { Run } from '../run/run.js';
import type { TrainingPlan } from '../training/training-plan.js';
import { trainingStage, type Start, type TrainingStage } from '../training/training-stage.js';
import { weightsInput } from '../weights/encoder-weights-input.js';
import { writeExamples } from './examples.js';
import { glyphSequences } from './glyph-sequences.js';
import { patchSequences } from './patch-sequences.js';
import { perceptSequences } from './percept-sequences.js';
import { makePercepts, perceptsOf, type Percepts } from './percepts.js';
import { pretextModel } from './pretext-model.js';
import { pretextOf, timeMajor, type SequenceBatch, type SequenceData } from './sequences.js';
import { hasUnlabelled, pretextVideos } from './unlabelled.js';

/** Where the stage starts: at the features that it learns from, made as soon as they are needed. */
export interface PretextStart extends Start {
  /** Unused where it learns from patches or glyphs. */
  readonly percepts: () => Promise<Percepts>;
}

/**
 * The stage before stage 1: trains an LSTM on video without labels to give back what it has read, and to predict what
 * comes (Srivastava et al., ICML 2015; docs/pretext.md). Where it learns from features, stage 3 may start from it.
 */
export const pretext = pretextStage(startOfRun);

/** The same stage as {@link pretext}, on what `open` opens. */
export function pretextStage(open: (run: Run) => PretextStart): TrainingStage<SequenceBatch, PretextStart> {
  const training = trainingStage<SequenceBatch, PretextStart>({
    name: 'pretext',
    start: open,
    inputs: pretextInputs,
    plan: (run, madeOf, owned, start) => planPretext(run, madeOf, owned, start),
  });
  return {
    ...training,
    async run(run) {
      await training.run(run);
      await writeExamples(run, () => sequenceData(run, open(run)));
    },
  };
}

function startOfRun(run: Run): PretextStart {
  if (run.config.data.features === null || pretextOf(run.config).data !== 'features')
    return { origins: [], percepts: async () => makePercepts(run, await pretextVideos(run)) };
  const source = openFeatures(run);
  return {
    origins: [source.content()],
    percepts: () => Promise.resolve(perceptsOf(source, run.config.data.trainOn)),
  };
}

async function pretextInputs(run: Run): Promise<Omit<MadeOf, 'parents'>> {
  const { data, mnist } = pretextOf(run.config);
  if (data === 'glyphs') {
    const digits = mnist === null ? null : fileInput(dataPath(run.config, mnist));
    return { inputs: { ...(digits && { 'pretext.mnist': digits }) }, classes: null };
  }
  // Published features are known by their content, which is a parent.
  if (data === 'features' && run.config.data.features !== null) return { inputs: {}, classes: null };
  const weights = data === 'features' ? weightsInput(run.config) : null;
  // A finished stage does without the folder.
  const { unlabelled } = run.config.data;
  const there = unlabelled === null || hasUnlabelled(run);
  const videos = there ? await pretextVideos(run) : null;
  return {
    inputs: {
      ...(weights && { 'encoder.weights': weights }),
      ...(videos && { [`videos of ${run.config.data.trainOn}`]: videoFilesInput(videos.training) }),
      ...(videos && unlabelled !== null && { 'videos without labels': videoFilesInput(videos.unlabelled) }),
    },
    classes: null,
  };
}

/** The sequences that the stage learns from. */
async function sequenceData(run: Run, start: PretextStart): Promise<SequenceData> {
  const { data } = pretextOf(run.config);
  if (data === 'glyphs') return glyphSequences(run.config);
  if (data === 'features') return perceptSequences(run.config, await start.percepts());
  const { training, unlabelled } = await pretextVideos(run);
  return patchSequences(run.config, [...training, ...unlabelled], run.frames.load);
}

async function planPretext(
  run: Run,
  madeOf: MadeOf,
  owned: Owned,
  start: PretextStart,
): Promise<TrainingPlan<SequenceBatch>> {
  const { config } = run;
  const { seed } = config;
  const options = pretextOf(config);
  const data = await sequenceData(run, start);
  const { model, specs } = pretextModel(config, data.channels);
  const parameters = owned.add(new Parameters(specs, randomStream(seed, 'pretext', 'sequence')));
  const planned = { sequence: { parameters, rules: rulesOf(options, specs) } };
  const pass: Pass = { parameters, normalization: 'running' };
  const sizes = evenSizes(data.count, options.batch);
  const slots = { sizes: () => sizes, classes: Array.from({ length: data.count }, () => []) };
  return {
    stage: 'pretext',
    what: `${options.task} of ${options.data}`,
    madeOf,
    parts: ownedParts(owned, 'pretext', options, planned, optimizerOf(options)),
    pace: evenPace(options, data.count),
    options,
    begin() {
      if (!data.moments) return;
      const { mean, deviation } = momentsOf(data.moments(), data.channels);
      parameters.assign('mean', tf.tensor1d(mean));
      parameters.assign('deviation', tf.tensor1d(deviation));
    },
    source: sampledSource(shuffled(slots, seed, 'pretext'), (draw, { epoch, from, to }) =>
      data.batches(
        epoch,
        Array.from({ length: to - from }, (_, i) => draw(from + i).items.map(({ item }) => item)),
      ),
    ),
    shape: () => String(options.past),
    through: 'tape',
    loss({ sequences }, { from, to }) {
      const x = timeMajor(sequences.slice(from, to), data.channels);
      return model.loss(data.moments ? scaledPercepts(x, pass) : x, options.past, pass);
    },
  };
}
