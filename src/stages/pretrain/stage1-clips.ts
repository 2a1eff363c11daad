import path from 'node:path';
import type { Config } from '../../config/schema.js';
import { alikeLabels } from '../../data/annotations/alike.js';
import { mapClipLabels } from '../../data/annotations/label-map.js';
import { backgroundClips } from '../../data/background-clips.js';
import { loadClips, type Clip } from '../../data/clips.js';
import { instancesAsClips, measureClips, type MeasuredClip } from '../../data/measured-clips.js';
import { oddLines } from '../../data/oddities.js';
import { UsageError, WorkError } from '../../system/errors.js';
import { printable } from '../../system/printable.js';
import { withProgress } from '../../system/progress.js';
import { unlessStopped } from '../../system/signals.js';
import { dataPath } from '../run/run-dataset.js';
import type { Run } from '../run/run.js';
import { listedSubsets, readableVideos, usableVideos } from '../run/usable-videos.js';
import { say } from '../../system/say.js';

/** The clips of stage 1 by subset, and the sorted names of their classes; a class's number is its index there. */
export interface Stage1Clips {
  training: MeasuredClip[];
  validation: MeasuredClip[];
  classes: string[];
}

/**
 * The clips of stage 1: those that the configuration names, or else the instances of the dataset's videos. Where all
 * training clips have one label, the stretches of the videos without an action are clips of a second class.
 *
 * @throws WorkError when some clips cannot be used, unless `data.missing` is `skip`; UsageError when there is no
 *   training clip.
 */
export function stage1Clips(run: Run): Promise<Stage1Clips> {
  let clips = clipsOfRuns.get(run);
  if (!clips) clipsOfRuns.set(run, (clips = readClips(run)));
  return clips;
}

/** Clips of open runs: comparing, planning and training stage 1 ask for them; they are measured and told of once. */
const clipsOfRuns = new WeakMap<Run, Promise<Stage1Clips>>();

async function readClips(run: Run): Promise<Stage1Clips> {
  const listed = await usableClips(run);
  if (run.config.data.clips !== null)
    for (const warning of alikeLabels(listed.map(({ label }) => label))) say(`warning: clips: ${warning}`);
  const clips = [...listed, ...secondClass(run, listed)];
  const of = (subset: string) => clips.filter((clip) => clip.subset === subset);
  refuseOtherSubsets(listed);
  const classes = [...new Set(clips.map((clip) => clip.label))].sort();
  return { training: of('training'), validation: of('validation'), classes };
}

/**
 * Refuses clips none of which is to train on, and warns of those that nothing uses.
 *
 * @throws UsageError with the subsets that there are.
 */
function refuseOtherSubsets(clips: readonly MeasuredClip[]): void {
  const subsets = [...new Set(clips.map(({ subset }) => subset))];
  const listed = (names: readonly string[]) => names.map((name) => `"${printable(name, 40)}"`).join(', ');
  if (!subsets.includes('training')) {
    const found = subsets.length > 0 ? `; there are clips of subset ${listed(subsets)}` : '';
    throw new UsageError(`pretrain: no clip of subset training${found}`);
  }
  const unused = subsets.filter((subset) => subset !== 'training' && subset !== 'validation');
  if (unused.length > 0)
    say(
      `warning: clips of subset ${listed(unused)} are not used: stage 1 trains on "training" and measures on "validation"`,
    );
}

/** The label of clips without an action, where this one is the only action. */
const backgroundOf = (label: string): string => `no ${label}`;

/**
 * Clips without an action, where all training clips have one label: among clips of one class there is nothing to tell
 * apart, so that an encoder would learn nothing.
 */
function secondClass(run: Run, clips: readonly MeasuredClip[]): MeasuredClip[] {
  const [label, ...others] = new Set(clips.filter(({ subset }) => subset === 'training').map((clip) => clip.label));
  if (label === undefined || others.length > 0) return [];
  const { trainOn, validateOn } = run.config.data;
  const second = backgroundOf(label);
  const training = backgroundClips(readableVideos(run, trainOn), 'training', second);
  const found = [...training, ...backgroundClips(readableVideos(run, validateOn), 'validation', second)];
  const only = `all training clips of stage 1 are labelled ${JSON.stringify(label)}`;
  say(
    training.length > 0
      ? `pretrain: ${only}: it learns to tell them from the ${training.length} stretches of the training videos ` +
          'without an action'
      : `warning: pretrain: ${only}, and no training video has a stretch without an action: there is nothing to ` +
          'learn; list clips of background in data.clips, or set pretrain.epochs=0',
  );
  return found;
}

/** The subset that stage 1 is validated on: of the list of clips, or of the dataset. */
export function validationSubset({ data }: Config): string {
  return data.synthetic || data.clips !== null ? 'validation' : data.validateOn;
}

/**
 * The clips of one subset, to measure a trained stage 1 on.
 *
 * @param subset - Of the list of clips, or, where clips are the instances of the dataset, of the dataset.
 * @param classes - The classes of the trained stage. If the second one was made of stretches without an action, such
 *   stretches are among the clips.
 * @throws UsageError when there is none; WorkError when some cannot be used, unless `data.missing` is `skip`.
 */
export async function clipsOfSubset(run: Run, subset: string, classes: readonly string[]): Promise<MeasuredClip[]> {
  const list = clipList(run);
  const listed = list === null ? null : listedClips(run, list);
  const found = listed
    ? await measuredClips(
        run,
        listed.filter((clip) => clip.subset === subset),
      )
    : instancesAsClips(readableVideos(run, subset), subset);
  const second = classes.find((label) => classes.some((other) => label === backgroundOf(other)));
  const background = second === undefined || found.some(({ label }) => label === second) ? [] : backgroundOfSubset();
  if (found.length + background.length > 0) return [...found, ...background];
  const known = [...new Set(listed?.map((clip) => clip.subset))].map((name) => `"${printable(name, 40)}"`).join(', ');
  throw new UsageError(
    `no clip of subset "${printable(subset, 40)}"; ` +
      (listed ? `there are clips of subset ${known}` : listedSubsets(run.dataset)),
  );

  function backgroundOfSubset(): MeasuredClip[] {
    const { trainOn, validateOn } = run.config.data;
    const ofList = new Map([
      ['training', trainOn],
      ['validation', validateOn],
    ]);
    return backgroundClips(readableVideos(run, (listed && ofList.get(subset)) ?? subset), subset, second!);
  }
}

/** The file that lists the clips; null where clips are the instances of the dataset. */
function clipList({ folder, config }: Run): string | null {
  const { synthetic, clips } = config.data;
  if (synthetic) return path.join(folder, 'data', 'clips.csv');
  return clips === null ? null : dataPath(config, clips);
}

function listedClips({ config }: Run, list: string): Clip[] {
  return mapClipLabels(loadClips(list), config.data.labels);
}

async function usableClips(run: Run): Promise<MeasuredClip[]> {
  const list = clipList(run);
  if (list !== null) return measuredClips(run, listedClips(run, list));
  const { trainOn, validateOn } = run.config.data;
  return [
    ...instancesAsClips(usableVideos(run, trainOn), 'training'),
    ...instancesAsClips(readableVideos(run, validateOn), 'validation'),
  ];
}

async function measuredClips(run: Run, listed: readonly Clip[]): Promise<MeasuredClip[]> {
  const { missing } = run.config.data;
  const measuring = withProgress('measuring clips', (onProgress) =>
    measureClips(listed, path.join(run.folder, 'clips.json'), onProgress),
  );
  const { clips, unusable } = await unlessStopped(run.stop, measuring);
  if (unusable.length > 0 && missing === 'fail') {
    const [first] = unusable as [(typeof unusable)[0]];
    throw new WorkError(
      `${unusable.length} of ${listed.length} clips cannot be used, the first: ${first.reason}. ` +
        'Repair them, or set data.missing=skip.',
    );
  }
  for (const { reason } of unusable) say(`warning: left out: ${reason}`);
  const files = new Map(clips.map((clip) => [clip.path, clip.file]));
  for (const line of oddLines([...files].map(([name, file]) => ({ ...file, name })))) say(`warning: clips: ${line}`);
  return clips;
}
