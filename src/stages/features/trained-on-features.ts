import type { Features } from '../../checkpoints/feature-store.js';
import type { MadeOf } from '../../checkpoints/run-store.js';
import { videosOf } from '../../data/dataset.js';
import type { HeadInstance } from '../../models/heads/head.js';
import { UsageError } from '../../system/errors.js';
import { instancesInput } from '../run/inputs.js';
import type { Run } from '../run/run.js';
import { requireSome } from '../run/usable-videos.js';
import type { Start } from '../training/training-stage.js';
import { headInstances } from '../training/targets.js';
import { featureOrigins, openFeatures } from './open-features.js';
import type { FeatureSource } from './feature-source.js';

/*
 * What the stages have in common that are trained on features: the classifier of segments, and the head.
 */

/** Where such a stage starts: at the features, which it reads through their source. */
export interface FeatureStart extends Start {
  readonly source: FeatureSource;
}

/** The start of a stage at the run's own features, or at published ones. */
export function startOnFeatures(run: Run): FeatureStart {
  const source = openFeatures(run);
  return { origins: featureOrigins(source), source };
}

/** The annotations of the training videos, and the classes. */
export function trainingInputs({ dataset, config }: Run): Omit<MadeOf, 'parents'> {
  const { trainOn } = config.data;
  return {
    inputs: { [`instances of ${trainOn}`]: instancesInput(videosOf(dataset, trainOn)) },
    classes: dataset.classes,
  };
}

/** A training video as a stage on features sees it. */
export interface SeenVideo {
  id: string;
  /** Features of one shape; an epoch sees one view, drawn by chance. */
  views: readonly Features[];
  instances: readonly HeadInstance[];
}

/** The training videos that have features. Throws {@link UsageError} where there is none, or one lacks them. */
export function seenVideos({ config, dataset, folder }: Run, source: FeatureSource): SeenVideo[] {
  const { trainOn, missing } = config.data;
  const usable = requireSome(source.videos(trainOn), trainOn);
  const videos = usable.filter(({ id }) => source.has(id));
  const complete = videos.length === usable.length || missing === 'skip';
  if (videos.length === 0 || !complete) throw new UsageError(`no features in ${folder}: run \`lofi extract\` first`);
  return videos.map((video) => ({
    id: video.id,
    views: source.views(video.id, config.head.views),
    instances: headInstances(video, dataset.classes),
  }));
}
