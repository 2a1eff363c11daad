import { existsSync } from 'node:fs';
import path from 'node:path';
import { loadDataset, saveDataset, toDataset, type Video } from '../../data/dataset.js';
import { unlabelledVideos } from '../../data/unlabelled-videos.js';
import { WorkError } from '../../system/errors.js';
import { withProgress } from '../../system/progress.js';
import { say } from '../../system/say.js';
import { dataPath } from '../run/run-dataset.js';
import type { Run } from '../run/run.js';
import { readableVideos } from '../run/usable-videos.js';

/** The videos that `pretext` learns from. */
export interface PretextVideos {
  /** Training videos of the dataset, whose labels are not looked at. */
  training: readonly Video[];
  /** Videos of `data.unlabelled`. */
  unlabelled: readonly Video[];
}

/**
 * The usable videos that `pretext` learns from. Measurements of `data.unlabelled` are kept in the run folder. A file
 * that is also a video of the dataset is left out of it: a training video would be seen twice, and a validation video
 * must not be seen at all.
 *
 * @throws UsageError when the folder cannot be read; WorkError when some videos are not usable and `data.missing` is
 *   `fail`.
 */
export async function pretextVideos(run: Run): Promise<PretextVideos> {
  const { unlabelled, trainOn } = run.config.data;
  const training = readableVideos(run, trainOn);
  if (unlabelled === null) return { training, unlabelled: [] };
  const all = await measured(run, dataPath(run.config, unlabelled));
  const broken = all.filter(({ problem }) => problem !== undefined);
  const [first] = broken;
  if (first && run.config.data.missing === 'fail')
    throw new WorkError(
      `${broken.length} of ${all.length} videos of data.unlabelled cannot be used, the first: ${first.path}: ` +
        `${first.problem!}. Repair them, or set data.missing=skip.`,
    );
  const labelled = new Set(run.dataset.videos.flatMap(({ file }) => file?.sha256 ?? []));
  const usable = all.filter(({ problem }) => problem === undefined);
  return { training, unlabelled: usable.filter(({ file }) => !labelled.has(file?.sha256 ?? '')) };
}

/** Whether the folder `data.unlabelled` is there. A finished stage does without it. */
export function hasUnlabelled({ config }: Pick<Run, 'config'>): boolean {
  const { unlabelled } = config.data;
  return unlabelled !== null && existsSync(dataPath(config, unlabelled));
}

async function measured({ folder }: Run, videos: string): Promise<Video[]> {
  const file = path.join(folder, 'unlabelled.json');
  const before = existsSync(file) ? loadDataset(file).videos : [];
  const found = await withProgress('videos without labels', (onProgress) =>
    unlabelledVideos(videos, before, onProgress),
  );
  for (const warning of found.warnings) say(`warning: ${warning}`);
  saveDataset(file, toDataset(found.videos));
  return found.videos;
}
