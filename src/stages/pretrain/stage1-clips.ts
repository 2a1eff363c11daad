import path from 'node:path';
import { alikeLabels } from '../../data/annotations/alike.js';
import { mapClipLabels } from '../../data/annotations/label-map.js';
import { backgroundClips } from '../../data/background-clips.js';
import { loadClips } from '../../data/clips.js';
import { instancesAsClips, measureClips, type MeasuredClip } from '../../data/measured-clips.js';
import { oddLines } from '../../data/oddities.js';
import { UsageError, WorkError } from '../../system/errors.js';
import { printable } from '../../system/printable.js';
import { withProgress } from '../../system/progress.js';
import { unlessStopped } from '../../system/signals.js';
import { dataPath } from '../run/run-dataset.js';
import type { Run } from '../run/run.js';
import { readableVideos, usableVideos } from '../run/usable-videos.js';
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

/**
 * Clips without an action, where all training clips have one label: among clips of one class there is nothing to tell
 * apart, so that an encoder would learn nothing.
 */
function secondClass(run: Run, clips: readonly MeasuredClip[]): MeasuredClip[] {
  const [label, ...others] = new Set(clips.filter(({ subset }) => subset === 'training').map((clip) => clip.label));
  if (label === undefined || others.length > 0) return [];
  const { trainOn, validateOn } = run.config.data;
  const second = `no ${label}`;
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

async function usableClips(run: Run): Promise<MeasuredClip[]> {
  const { synthetic, clips: list, missing, labels, trainOn, validateOn } = run.config.data;
  if (!synthetic && list === null) {
    return [
      ...instancesAsClips(usableVideos(run, trainOn), 'training'),
      ...instancesAsClips(readableVideos(run, validateOn), 'validation'),
    ];
  }
  const file = synthetic ? path.join(run.folder, 'data', 'clips.csv') : dataPath(run.config, list!);
  const listed = mapClipLabels(loadClips(file), labels);
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
