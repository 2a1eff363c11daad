import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../../config/schema.js';
import { alikeLabels, alikeSubsets } from '../../data/annotations/alike.js';
import { mapLabels, unseenLabels } from '../../data/annotations/label-map.js';
import { isOutdated, loadDataset, saveDataset, toDataset, type Dataset, type Video } from '../../data/dataset.js';
import { oddLines } from '../../data/oddities.js';
import { prepareDataset } from '../../data/prepare.js';
import { synthesize } from '../../data/synth/synthesize.js';
import { UsageError } from '../../system/errors.js';
import { fileContent, type FileContent } from '../../system/files/file-content.js';
import { inParallel } from '../../system/parallel.js';
import { printable } from '../../system/printable.js';
import { withProgress } from '../../system/progress.js';
import { say } from '../../system/say.js';

/** The path of the file in a run folder that holds the run's dataset. */
export function datasetFile(folder: string): string {
  return path.join(folder, 'dataset.json');
}

/**
 * Throws {@link UsageError} unless `data` names exactly one source of videos and annotations, or only videos without
 * labels, which are enough for `pretext`.
 */
export function checkSources({ data }: Config): void {
  const given = [data.dataset, data.annotations, data.synthetic].filter((source) => source !== null);
  if (given.length === 0 && data.unlabelled !== null) return;
  if (given.length !== 1) throw new UsageError('data: give one of data.dataset, data.annotations or data.synthetic');
  if (data.annotations !== null && data.videos === null && data.features === null)
    throw new UsageError('data.annotations needs data.videos, their folder (or data.features, published ones)');
}

/** Resolves a path of the `data` section, which is relative to `data.root`. */
export function dataPath(config: Pick<Config, 'data'>, file: string): string {
  return path.resolve(config.data.root, file);
}

/**
 * Reads a run's dataset from its source as it is now, with the labels of the configuration and the content hash of each
 * video's file. Does not write the run's `dataset.json`, which belongs to the trained models.
 *
 * @throws UsageError when the source cannot be read, or a video has changed since its dataset file was prepared.
 */
export async function readSource(folder: string, config: Config): Promise<Dataset> {
  const { dataset, warnings } = mapLabels(await sourceDataset(folder, config), config.data.labels);
  // Where annotations were prepared just now, the labels of `training` were compared.
  const { trainOn, annotations } = config.data;
  const unseen = trainOn === 'training' && annotations !== null ? [] : unseenLabels(dataset, trainOn);
  const alike = [...alikeLabels(dataset.classes), ...alikeSubsets(dataset.videos.map(({ subset }) => subset))];
  for (const warning of [...warnings, ...unseen, ...alike]) say(`warning: ${warning}`);
  return dataset;
}

/** The dataset as its source has it. Videos that are made, and measurements, are kept in the run folder. */
async function sourceDataset(folder: string, config: Config): Promise<Dataset> {
  const { dataset, annotations, videos, format, synthetic } = config.data;
  if (dataset === null && annotations === null && synthetic === null) return toDataset([]);
  const known = knownContents(folder);
  if (synthetic) {
    const out = path.join(folder, 'data');
    await withProgress('synthetic videos', (onProgress) => synthesize({ out, ...synthetic, onProgress }));
    return withContents(loadDataset(path.join(out, 'dataset.json')), known);
  }
  if (dataset !== null) {
    const file = dataPath(config, dataset);
    const stated = loadDataset(file);
    refuseOutdated(file, stated.videos);
    const now = await withContents(stated, known);
    refuseChanged(file, stated.videos, now.videos);
    const usable = now.videos.filter(({ problem }) => problem === undefined);
    for (const line of oddLines(usable.map((video) => ({ ...video, name: video.id })))) say(`warning: ${line}`);
    return now;
  }
  const file = path.join(folder, 'prepared.json');
  const source = {
    format,
    annotations: dataPath(config, annotations!),
    videos: videos === null ? null : dataPath(config, videos),
  };
  const before = source.videos !== null && existsSync(file) && !isOutdated(file) ? loadDataset(file).videos : [];
  const prepared = await withProgress('preparing videos', (onProgress) =>
    prepareDataset({ ...source, measured: before }, onProgress),
  );
  for (const warning of prepared.warnings) say(`warning: ${warning}`);
  saveDataset(file, prepared.dataset);
  return loadDataset(file);
}

/** The contents of video files that the run's own dataset file records, by path. */
function knownContents(folder: string): ReadonlyMap<string, FileContent> {
  const file = datasetFile(folder);
  if (!existsSync(file)) return new Map();
  return new Map(loadDataset(file).videos.flatMap(({ path, file: content }) => (content ? [[path, content]] : [])));
}

/** The dataset with the present content of each usable video's file. */
async function withContents(dataset: Dataset, known: ReadonlyMap<string, FileContent>): Promise<Dataset> {
  const contents = await withProgress('reading video files', (onProgress) =>
    inParallel(
      dataset.videos,
      ({ path: file, problem, file: stated }) =>
        problem === undefined ? fileContent(file, stated ?? known.get(file)) : Promise.resolve(null),
      onProgress,
    ),
  );
  const videos = dataset.videos.map((video, i): Video => {
    // If the file is missing now, the recorded content is kept.
    const content = contents[i] ?? known.get(video.path);
    return content ? { ...video, file: content } : video;
  });
  return { ...dataset, videos };
}

function refuseOutdated(file: string, videos: readonly Video[]): void {
  if (!isOutdated(file)) return;
  const uneven = videos.find(({ drift, times }) => drift !== undefined && times === undefined);
  const old = `${file} was prepared by an earlier version, which did not record when frames are shown`;
  if (uneven) throw new UsageError(`${old}, and ${uneven.id} has a variable frame rate: run \`lofi prepare\` again`);
  say(
    `warning: ${printable(old, 300)}: where a picture begins after its sound, times are wrong by that much. ` +
      'Run `lofi prepare` again to be sure.',
  );
}

function refuseChanged(file: string, stated: readonly Video[], now: readonly Video[]): void {
  const changed = now.filter((video, i) => {
    const before = stated[i]!.file;
    return before !== undefined && video.file?.sha256 !== before.sha256;
  });
  if (changed.length === 0) return;
  const [{ id, path: video }] = changed as [Video];
  const others = changed.length > 1 ? ` and ${changed.length - 1} more` : '';
  throw new UsageError(
    `${file}: ${video} (${id})${others} changed after the dataset file was prepared, ` +
      'so its frames and times may have changed: run `lofi prepare` again',
  );
}
