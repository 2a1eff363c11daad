import type { Features } from '../../checkpoints/feature-store.js';
import { hashOfHashes, hashTensor } from '../../checkpoints/formats/tensor.js';
import { videosOf, type Video } from '../../data/dataset.js';
import { FeatureFolder } from '../../data/features/feature-folder.js';
import { agreedLayout } from '../../data/features/matrix-layout.js';
import { transposed } from '../../data/features/matrix.js';
import { rescaled } from '../../data/features/rescale.js';
import { resampled } from '../../data/views/sampling.js';
import { UsageError, WorkError } from '../../system/errors.js';
import { printable } from '../../system/printable.js';
import { startProgress } from '../../system/progress.js';
import { dataPath } from '../run/run-dataset.js';
import type { Run } from '../run/run.js';
import { matrixExtensions, readMatrix } from './read-matrix.js';
import type { FeatureSource } from './feature-source.js';
import { say } from '../../system/say.js';

/**
 * Opens published features, one file for each video in `folder` (`data.features`). Where the head sees whole videos,
 * rows are rescaled to `full.snippets`; where it sees windows, they stay as they are. All files of the run's subsets
 * are read once for their hashes: a head that was trained on other features is outdated.
 *
 * @throws UsageError naming the file that is broken or does not fit the others; WorkError when files are missing,
 *   unless `data.missing` is `skip`.
 */
export function publishedFeatures(run: Run, folder: string): FeatureSource {
  const { data, model, full } = run.config;
  const files = new FeatureFolder(dataPath(run.config, folder), matrixExtensions);
  const bySubset = new Map<string, Video[]>();
  const videos = (subset: string) => {
    const known = bySubset.get(subset) ?? videosWithFeatures(run, files, subset);
    bySubset.set(subset, known);
    return known;
  };

  const index = [...new Set([...videos(data.trainOn), ...videos(data.validateOn)])];
  if (index.length === 0)
    throw new UsageError(`the dataset has no usable video in subset "${data.trainOn}" or "${data.validateOn}"`);
  const known = readAll(index, files);
  const snippets = model.window ? null : full.snippets;
  const layout = agreedLayout(known, data.featureLayout, snippets);
  const [rows, columns] = layout === 'rows' ? ([0, 1] as const) : ([1, 0] as const);
  const channels = known[0]!.shape[columns];
  if (model.window)
    for (const { video, file, shape } of known) checkRate(video, data.fps, file, shape[rows], model.window.every);
  const hashes = known.map(({ video: { id }, sha256 }): [string, string] => [`video/${id}`, sha256]);

  const content = { stage: 'extract', step: known.length, sha256: hashOfHashes([['layout', layout], ...hashes]) };
  const trained = new Set(videos(data.trainOn).map(({ id }) => id));
  const kept = new Map<string, Features>();
  return {
    made: null,
    content: () => content,
    channels,
    videos,
    has: (id) => files.find(id) !== null,
    get(id) {
      const before = kept.get(id);
      if (before) return before;
      const file = files.find(id);
      if (file === null) throw new WorkError(`no feature file of ${id} in ${files.folder}`);
      const read = readMatrix(file);
      const matrix = layout === 'rows' ? read : transposed(read);
      if (matrix.shape[1] !== channels) throw new UsageError(`${file}: ${matrix.shape[1]} channels, not ${channels}`);
      const features = snippets === null ? matrix : rescaled(matrix, snippets);
      // Training reads these in every epoch.
      if (trained.has(id)) kept.set(id, features);
      return features;
    },
    views(id) {
      return [this.get(id)];
    },
  };
}

/** The videos of a subset that have a feature file and a known duration. They need no video file. */
function videosWithFeatures({ dataset, config }: Run, files: FeatureFolder, subset: string): Video[] {
  const all = videosOf(dataset, subset);
  const lacking = (what: string, videos: readonly Video[]) => {
    if (videos.length === 0) return;
    const names = videos.slice(0, 3).map(({ id }) => printable(id, 40));
    const line =
      `${videos.length} of ${all.length} ${subset} videos have no ${what}: ` +
      `${names.join(', ')}${videos.length > 3 ? ', …' : ''}`;
    if (config.data.missing === 'fail') throw new WorkError(`${line}. Complete them, or set data.missing=skip.`);
    say(`warning: left out: ${line}`);
  };
  const [timed, untimed] = [all.filter(({ duration }) => duration > 0), all.filter(({ duration }) => duration === 0)];
  lacking('duration: neither the annotations nor a video file give it', untimed);
  lacking(
    `feature file in ${files.folder}`,
    timed.filter(({ id }) => files.find(id) === null),
  );
  return timed.filter(({ id }) => files.find(id) !== null);
}

/**
 * Checks the number of rows of a feature file. Rows are assumed to be spread evenly over the video, so
 * `model.window.every` has to be about the number of frames per row.
 *
 * @throws UsageError when it differs by more than a tenth of the video and 64 frames.
 */
function checkRate(video: Video, fps: number | null, file: string, rows: number, every: number): void {
  if (video.frames === 0) return;
  const { frames } = resampled(video, fps);
  if (Math.abs(rows * every - frames) <= Math.max(0.1 * frames, 64)) return;
  throw new UsageError(
    `${file}: ${rows} rows, one every ${every} frames (model.window.every), for a video of ${frames} frames: ` +
      `set it to about ${Math.round(frames / rows)}`,
  );
}

/** Reads shape and hash of each video's feature file, with a progress bar. */
function readAll(videos: readonly Video[], files: FeatureFolder) {
  const progress = startProgress('features', videos.length);
  try {
    return videos.map((video, i) => {
      const file = files.find(video.id)!;
      const matrix = readMatrix(file);
      progress.step(i + 1, video.id);
      return { video, file, shape: matrix.shape, sha256: hashTensor({ dtype: 'F32', ...matrix }) };
    });
  } finally {
    progress.stop();
  }
}
