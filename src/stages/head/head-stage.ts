import * as tf from '@tensorflow/tfjs-core';
import type { MadeOf } from '../../checkpoints/run-store.js';
import { startsFromPretext } from '../../config/pretext/pretext-facts.js';
import { classifiesSegments } from '../../config/stages.js';
import { videosOf } from '../../data/dataset.js';
import { randomStream, type Random } from '../../engine/random.js';
import type { Pass } from '../../models/layers/layer.js';
import { importParts } from '../../models/parts.js';
import { concatenated } from '../../system/concatenated.js';
import type { Owned } from '../../system/owned.js';
import { optimizerOf } from '../../train/optimizers/optimizer-of.js';
import { rulesOf } from '../../train/optimizers/parameter-rules.js';
import { microBatches } from '../../train/ranks/division.js';
import { evenPace } from '../../train/schedule/pace.js';
import { ownedParts, type PlannedPart } from '../../train/trained-parts.js';
import { videosWithFeatures } from '../features/open-features.js';
import { startSequence } from '../features/start-sequence.js';
import {
  seenVideos,
  startOnFeatures,
  trainingInputs,
  withPretext,
  type FeatureStart,
} from '../features/trained-on-features.js';
import { externalScores } from '../localize/external-scores.js';
import { freshLocalizer } from '../localize/localizer.js';
import { fileInput, instancesInput } from '../run/inputs.js';
import { dataPath } from '../run/run-dataset.js';
import type { Run } from '../run/run.js';
import { segmentsStage } from '../segments/segments-stage.js';
import { toState } from '../training/snapshot.js';
import type { TrainingPlan } from '../training/training-plan.js';
import { trainingStage, type TrainingStage } from '../training/training-stage.js';
import { headSamples, type HeadSample } from './head-samples.js';
import { headSource, type HeadBatch } from './head-source.js';
import { validate } from './validate.js';

/**
 * Stage 3b: trains a fresh head on the features of the frozen encoder (docs/method.md §2.1, §7.7). Where a
 * classifier of segments is needed, it is trained first, and stored with the head.
 */
export const head = headStage(startOnFeatures);

/** The same stage as {@link head}, on features that `open` opens. */
export function headStage(open: (run: Run) => FeatureStart): TrainingStage<HeadBatch, FeatureStart> {
  return {
    ...headAlone(open),
    async run(run) {
      // Published features are read as a whole to know them: once for both trainings.
      const start = open(run);
      if (classifiesSegments(run.config)) await segmentsStage(() => start).run(run);
      await headAlone(() => start).run(run);
    },
  };
}

/** The head without the classifier of segments, which has to be finished where it is needed. */
function headAlone(open: (run: Run) => FeatureStart): TrainingStage<HeadBatch, FeatureStart> {
  return trainingStage<HeadBatch, FeatureStart>({
    name: 'head',
    start(run) {
      const start = open(run);
      const classifier = classifiesSegments(run.config) ? run.store.finished('segments') : null;
      const origins = [...start.origins, ...(classifier ? [classifier] : [])];
      return withPretext({ ...start, origins }, startsFromPretext('head', run.config));
    },
    inputs: (run) => Promise.resolve(headInputs(run)),
    microBatches: ({ config }) => microBatches(config.head.batch, config.head.microBatch).length,
    plan: planHead,
  });
}

function headInputs(run: Run): Omit<MadeOf, 'parents'> {
  const { inputs, classes } = trainingInputs(run);
  const { validateOn } = run.config.data;
  const { scores: name } = run.config.detect;
  const scores = name === null ? null : fileInput(dataPath(run.config, name));
  return {
    inputs: {
      ...inputs,
      [`instances of ${validateOn}`]: instancesInput(videosOf(run.dataset, validateOn)),
      ...(scores && { 'detect.scores': scores }),
    },
    classes,
  };
}

function planHead(run: Run, madeOf: MadeOf, owned: Owned, { source, pretext }: FeatureStart): TrainingPlan<HeadBatch> {
  const { config } = run;
  const options = config.head;
  const { channels } = source;
  const seen = seenVideos(run, source);
  const validated = videosWithFeatures(source, config.data.validateOn);
  const scores = externalScores(run, validated);
  const localizer = owned.add(freshLocalizer(config, channels, run.dataset.classes));
  const {
    head: model,
    parts: { head: headParameters, classifier },
  } = localizer;
  const planned: { head: PlannedPart; classifier?: PlannedPart } = {
    head: { parameters: headParameters, rules: rulesOf(options, headParameters.specs) },
  };
  if (classifier) {
    importParts({ classifier }, toState(run.store.load('segments', 'latest')!.tensors), 'the classifier of segments');
    for (const name of classifier.trainable()) classifier.freeze(name);
    planned.classifier = { parameters: classifier, rules: new Map() };
  }
  const parts = ownedParts(owned, 'head', options, planned as Required<typeof planned>, optimizerOf(options));
  const pass: Pass = {
    parameters: headParameters,
    normalization: 'running',
    onMean: parts.head.statistics.collectMean,
  };
  const samples = headSamples(config, model, localizer.window, seen);
  const snippets = config.model.window?.snippets ?? config.full.snippets;
  // The frame size of published features is not known.
  const shape = config.data.features === null ? `${snippets}x${config.full.size}` : String(snippets);
  const lossOf = (list: readonly HeadSample[], draws: Random, pass: Pass) => {
    const snippets = samples.length(list);
    const rows = list.map((sample) => sample.rows(snippets));
    const x = tf.tensor3d(concatenated(rows), [list.length, snippets, channels]);
    return model.loss(
      { features: x, valid: list.map(({ valid }) => valid) },
      list.map(({ targets }) => targets(snippets)),
      pass,
      draws,
    );
  };
  return {
    stage: 'head',
    what: classifier ? 'head + segment classifier' : 'head',
    madeOf,
    parts,
    pace: evenPace(options, samples.classes.length),
    options,
    source: headSource(config, samples, shape, run.dataset.classes.length, run.team, (list, draws) =>
      // Without the collectors of the pass: scoring is no step.
      lossOf(list, draws, { parameters: headParameters, normalization: 'running' }).items(),
    ),
    shape: () => shape,
    begin: () => {
      startSequence(
        headParameters,
        pretext(),
        seen.flatMap(({ views }) => views),
      );
    },
    through: 'tape',
    loss: ({ samples: all }, { from, to, slot }, { step }) =>
      lossOf(all.slice(from, to), randomStream(config.seed, 'head', 'draws', step, slot), pass),
    async validate(epoch) {
      const due = (epoch + 1) % options.validateEvery === 0 || epoch + 1 === options.epochs;
      return due ? validate(run, localizer, source, validated, scores) : null;
    },
  };
}
