import type { Config } from '../../config/schema.js';
import { videosOf } from '../../data/dataset.js';
import { importParts } from '../../models/parts.js';
import { UsageError } from '../../system/errors.js';
import { shownSeconds } from '../../video/clock.js';
import { openEncoder, trainedEncoder, type LoadedEncoder } from '../encoder/run-encoder.js';
import { featureOrigins, openFeatures } from '../features/open-features.js';
import type { FeatureSource } from '../features/feature-source.js';
import { freshLocalizer, type Localizer } from '../localize/localizer.js';
import type { Run } from '../run/run.js';
import { toState } from '../training/snapshot.js';

/** An encoder and a localizer, which together find actions in a video file. Disposing of the model frees both. */
export interface TrainedModel extends Disposable {
  config: Config;
  encoder: LoadedEncoder;
  localizer: Localizer;
  /** Seconds for which the longest training video shows frames. */
  longest: number;
}

/** Makes a trained model from its parts, and owns them from now on. */
export function trainedModel(parts: Omit<TrainedModel, keyof Disposable>): TrainedModel {
  return {
    ...parts,
    [Symbol.dispose]() {
      parts.encoder[Symbol.dispose]();
      parts.localizer[Symbol.dispose]();
    },
  };
}

/**
 * Loads the model that a run has trained.
 *
 * @throws UsageError when the run is not finished, or was trained on published features.
 */
export function modelOfRun(run: Run): TrainedModel {
  const { config, folder } = run;
  if (config.data.features !== null)
    throw new UsageError(
      `${folder} was trained on published features and has no encoder for video files: give --subset`,
    );
  const localizer = trainedLocalizer(run, openFeatures(run));
  try {
    const training = videosOf(run.dataset, config.data.trainOn).filter((video) => video.problem === undefined);
    const longest = training.reduce((most, video) => Math.max(most, shownSeconds(video)), 0);
    return trainedModel({ config, encoder: openEncoder(run, trainedEncoder(run)), localizer, longest });
  } catch (error) {
    localizer[Symbol.dispose]();
    throw error;
  }
}

/**
 * Loads the localizer that `head` left: the best by validation, or the last where there was no validation. Its classes
 * are those of its training, even if the dataset has other classes now.
 *
 * @throws UsageError when `head` is not finished, or was trained on features of another encoder.
 */
export function trainedLocalizer(run: Run, source: FeatureSource): Localizer {
  const loaded = run.store.load('head', 'best');
  const [start] = featureOrigins(source);
  const isOfSource = loaded?.manifest.parents[0]?.sha256 === start!.sha256;
  if (!loaded || !isOfSource || !run.store.manifest('head')?.finished)
    throw new UsageError(`head is not finished in ${run.folder}: run \`lofi head\` first`);
  const { classes } = loaded.manifest;
  if (classes === null)
    throw new UsageError(
      `the head in ${run.folder} was made by an earlier version, which did not store the names of its classes: ` +
        'run `lofi head --allow-config-change`',
    );
  const localizer = freshLocalizer(run.config, source.channels, classes);
  try {
    importParts(localizer.parts, toState(loaded.tensors), 'the head of the run');
    return localizer;
  } catch (error) {
    localizer[Symbol.dispose]();
    throw error;
  }
}
