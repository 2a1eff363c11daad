import { predictsFeatures, seesPredictionError } from '../config/pretext/pretext-facts.js';
import type { StageName } from '../config/stages.js';
import { toDataset, videosOf, type Dataset, type Video } from '../data/dataset.js';
import { readVideoScores, scoresOfVideos } from '../data/scores/video-scores.js';
import { snippetsEvery } from '../data/views/sampling.js';
import { buildEncoder } from '../models/encoders/encoder-catalogue.js';
import { buildHead } from '../models/heads/head-catalogue.js';
import { trainingWindows } from '../models/heads/windows.js';
import { UsageError } from '../system/errors.js';
import { printable } from '../system/printable.js';
import { dataPath } from './run/run-dataset.js';
import type { Run } from './run/run.js';
import { listedSubsets, readableVideos } from './run/usable-videos.js';
import { headInstances } from './training/targets.js';
import { say } from '../system/say.js';

/** What of a run is looked at before training. */
type Known = Pick<Run, 'config' | 'dataset'>;

/**
 * Checks all that the stages `names` need of the dataset, before the first of them trains: what is wrong at the end of
 * a night is known at its beginning.
 *
 * @throws UsageError when the subsets, their instances, the head or `detect.scores` do not do; WorkError when videos
 *   are unusable and `data.missing` is `fail`.
 */
export function checkBeforeTraining(run: Known, names: readonly StageName[]): void {
  const { data, detect } = run.config;
  checkPretext(run, names);
  if (names.every((name) => name === 'pretext')) return;
  const listsClips = data.clips !== null || data.synthetic !== null;
  if (listsClips && names.every((name) => name === 'pretrain')) return;
  const training = checkSubset(run, 'trainOn');
  checkWindows(run, training);
  checkHead(run);
  const validated = validates(run) ? checkSubset(run, 'validateOn') : [];
  if (validated.length === 0)
    say(
      `warning: no video is in subset "${printable(data.validateOn, 40)}" (data.validateOn), so nothing is validated: ` +
        'the last head is kept, not the best, and there are no mAP, metrics.json and detections.json',
    );
  if (detect.scores === null) return;
  const file = dataPath(run.config, detect.scores);
  const ids = validated.map(({ id }) => id);
  scoresOfVideos(readVideoScores(file), ids, run.dataset.classes, { file, missing: data.missing });
}

/**
 * Checks that what `pretext` learns from features is of use to the head: those that the head sees are by the same
 * encoder. (`configSchema` has seen to it that stage 1 does not train it.)
 *
 * @throws UsageError where stage 2 trains the encoder, or the head asks for predictions that nobody has learnt.
 */
function checkPretext({ config }: Known, names: readonly StageName[]): void {
  const { data, pretext, model } = config;
  if (seesPredictionError(model) && !predictsFeatures(config))
    throw new UsageError(
      'model.predictionError needs a stage that predicts features: set pretext.data=features and pretext.task=composite',
    );
  const ofEncoder = pretext?.data === 'features' && data.features === null;
  if (!ofEncoder || !names.includes('joint')) return;
  throw new UsageError(
    'pretext learns from features of the encoder as it is given, which joint would change: ' +
      'leave joint out with `lofi run --baseline`, or set pretext=null',
  );
}

/**
 * Whether there is anything to validate on. Where no video is in the subset of `data.validateOn`, but some with
 * instances are in a subset that is not used, its name is probably wrong.
 *
 * @throws UsageError in that case.
 */
export function validates({ config, dataset }: Known): boolean {
  const { trainOn, validateOn } = config.data;
  if (videosOf(dataset, validateOn).length > 0) return true;
  const others = dataset.videos.filter(({ subset, instances }) => subset !== trainOn && instances.length > 0);
  if (others.length > 0) throw noSubset(dataset, 'validateOn', validateOn, others[0]!.subset);
  return false;
}

/** The usable videos of a subset, at least one of which has an instance. */
function checkSubset({ config, dataset }: Known, key: 'trainOn' | 'validateOn'): Video[] {
  const subset = config.data[key];
  const all = videosOf(dataset, subset);
  if (all.length === 0) throw noSubset(dataset, key, subset, likely(dataset));
  // With published features no video file is needed.
  const usable = config.data.features === null ? readableVideos({ config, dataset }, subset) : all;
  if (toDataset(usable).classes.length > 0) return usable;
  throw new UsageError(
    `no usable video of subset "${printable(subset, 40)}" (data.${key}) has an instance, so there is nothing to ` +
      `${key === 'trainOn' ? 'learn' : 'measure mAP on'}; ${listedSubsets(dataset)}`,
  );
}

/** The subset with most videos. */
function likely(dataset: Dataset): string | undefined {
  const sizes = new Map<string, number>();
  for (const { subset } of dataset.videos) sizes.set(subset, (sizes.get(subset) ?? 0) + 1);
  return [...sizes].sort((a, b) => b[1] - a[1])[0]?.[0];
}

function noSubset(dataset: Dataset, key: string, subset: string, meant: string | undefined): UsageError {
  const advice = meant === undefined ? '' : `; set data.${key}, for example to "${printable(meant, 40)}"`;
  return new UsageError(
    `data.${key}: no video is in subset "${printable(subset, 40)}"; ${listedSubsets(dataset)}${advice}`,
  );
}

/** Checks that there is a head for the encoder's features. What published ones have, is known once they are read. */
function checkHead({ config, dataset }: Known): void {
  if (config.data.features !== null) return;
  buildHead(config.model, buildEncoder(config.encoder).channels, dataset.classes.length)[Symbol.dispose]();
}

/** Checks that the head's windows will hold instances, where the number of snippets of a video is known. */
function checkWindows({ config, dataset }: Known, training: readonly Video[]): void {
  const { model, data, head } = config;
  const { window } = model;
  if (!window || data.features !== null || head.windows === 'random') return;
  const empty = training.filter(({ instances }) => instances.length === 0).length;
  if (empty > 0)
    say(
      `warning: ${empty} of ${training.length} training videos have no instance, and the head is trained on windows ` +
        'that hold one: it does not learn from them; head.windows=random would',
    );
  const holds = (video: Video) => {
    const total = snippetsEvery(window.every, video, data.fps);
    return trainingWindows(headInstances(video, data.fps, dataset.classes), total, window.snippets).length > 0;
  };
  if (!training.some(holds))
    throw new UsageError(
      `model.window: no window of ${window.snippets} snippets holds an instance: set model.window.snippets to more`,
    );
}
