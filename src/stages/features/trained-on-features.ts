import type { Features } from '../../checkpoints/feature-store.js';
import type { MadeOf } from '../../checkpoints/run-store.js';
import { videosOf } from '../../data/dataset.js';
import { isUnlabelled } from '../../data/unlabelled-stretches.js';
import type { HeadInstance } from '../../models/heads/head.js';
import type { UnlabelledSpan } from '../../models/heads/unlabelled-snippets.js';
import { UsageError } from '../../system/errors.js';
import { instancesInput } from '../run/inputs.js';
import type { Run } from '../run/run.js';
import { requireSome } from '../run/usable-videos.js';
import type { Start } from '../training/training-stage.js';
import { headInstances, headUnlabelled } from '../training/targets.js';
import { featureOrigins, openFeatures } from './open-features.js';
import { pretrainedSequence, type PretrainedSequence } from './pretrained-sequence.js';
import type { FeatureSource } from './feature-source.js';

/*
 * Common parts of the stages that are trained on features: the classifier of segments, and the head.
 */

/** The start of such a stage: features, and the source through which it reads them. */
export interface FeatureStart extends Start {
  readonly source: FeatureSource;
  /** What `pretext` has learnt of the features ({@link pretrainedSequence}); null where it has learnt nothing. */
  readonly pretext: () => PretrainedSequence | null;
}

/** Opens the run's own features, or published ones, as the start of a stage. */
export function startOnFeatures(run: Run): FeatureStart {
  const source = openFeatures(run);
  return {
    origins: featureOrigins(source),
    source,
    pretext: () => pretrainedSequence(run, source),
  };
}

/** The start of a stage that is also made of what `pretext` has learnt, where it is `wanted` and there is any. */
export function withPretext({ origins, source, pretext }: FeatureStart, wanted: boolean): FeatureStart {
  const learnt = wanted ? pretext() : null;
  return { origins: learnt ? [...origins, learnt.origin] : origins, source, pretext: () => learnt };
}

/** The inputs of such a stage: the annotations of the training videos, and the classes. */
export function trainingInputs({ dataset, config }: Run): Omit<MadeOf, 'parents'> {
  const { trainOn } = config.data;
  return {
    inputs: { [`instances of ${trainOn}`]: instancesInput(videosOf(dataset, trainOn)) },
    classes: dataset.classes,
  };
}

/** A training video with its features and instances. */
export interface SeenVideo {
  id: string;
  /** Features of all views, in one shape. An epoch sees one of them, drawn at random. */
  views: readonly Features[];
  instances: readonly HeadInstance[];
  /** Its stretches that nobody has labelled. */
  unlabelled: readonly UnlabelledSpan[];
}

/**
 * The training videos with their features, without those in which nothing is labelled.
 *
 * @throws UsageError when no video has features, or one has none and `data.missing` is not `skip`.
 */
export function seenVideos({ config, dataset, folder }: Run, source: FeatureSource): SeenVideo[] {
  const { trainOn, missing } = config.data;
  const usable = requireSome(
    source.videos(trainOn).filter((video) => !isUnlabelled(video)),
    trainOn,
    dataset,
  );
  const videos = usable.filter(({ id }) => source.has(id));
  const complete = videos.length === usable.length || missing === 'skip';
  if (videos.length === 0 || !complete) throw new UsageError(`no features in ${folder}: run \`lofi extract\` first`);
  return videos.map((video) => ({
    id: video.id,
    views: source.views(video.id, config.head.views),
    instances: headInstances(video, config.data.fps, dataset.classes),
    unlabelled: headUnlabelled(video, config.data.fps),
  }));
}
