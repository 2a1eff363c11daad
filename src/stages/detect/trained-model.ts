import { importState } from '../../models/state.js';
import type { Config } from '../../config/schema.js';
import { videosOf } from '../../data/dataset.js';
import { UsageError } from '../../system/errors.js';
import { trainedEncoder, type LoadedEncoder } from '../encoder/run-encoder.js';
import { openFeatures, type FeatureSource } from '../features/feature-source.js';
import { disposeLocalizer, freshLocalizer, type Localizer } from '../localize/localizer.js';
import type { Run } from '../run/run.js';
import { toState } from '../training/snapshot.js';

/** All that finds actions in a video file. */
export interface TrainedModel {
  config: Config;
  encoder: LoadedEncoder;
  localizer: Localizer;
  /** Of the videos that it was trained on, the longest, in seconds. */
  longest: number;
}

/** What a run has trained. Throws {@link UsageError} where that is not finished, or is a head on published features. */
export function modelOfRun(run: Run): TrainedModel {
  const { config, folder } = run;
  if (config.data.features !== null)
    throw new UsageError(`${folder} was trained on published features, it has no encoder for videos: give --subset`);
  const localizer = trainedLocalizer(run, openFeatures(run));
  const training = videosOf(run.dataset, config.data.trainOn).filter((video) => video.problem === undefined);
  const longest = training.reduce((most, { duration }) => Math.max(most, duration), 0);
  return { config, encoder: trainedEncoder(run), localizer, longest };
}

/** The localizer that `head` left: the best by validation, or the last where nothing was validated. */
export function trainedLocalizer(run: Run, { channels, reference }: FeatureSource): Localizer {
  const loaded = run.store.load('head', 'best');
  if (!loaded || loaded.manifest.parent?.sha256 !== reference.sha256 || !run.store.manifest('head')?.finished) {
    throw new UsageError(`head is not finished in ${run.folder}: run \`lofi head\` first`);
  }
  const localizer = freshLocalizer(run.config, channels, run.dataset.classes);
  const state = toState(loaded.tensors);
  importState(localizer.headParameters, state, 'the head of the run', 'head.');
  if (localizer.segments) importState(localizer.segments.parameters, state, 'the classifier of the run', 'classifier.');
  return localizer;
}

export function disposeModel({ encoder, localizer }: TrainedModel): void {
  encoder.parameters.dispose();
  disposeLocalizer(localizer);
}
