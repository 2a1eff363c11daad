import { z } from 'zod';
import { JsonFile } from '../../data/annotations/json-file.js';
import { loadDataset, type Video } from '../../data/dataset.js';
import type { Detection } from '../../evaluation/types.js';
import { chooseCues } from '../../report/detections/cues.js';
import type { ExportedAction, ExportedVideo } from '../../report/exports/exported-video.js';
import { UsageError } from '../../system/errors.js';

const detections = z.array(
  z.object({
    segment: z.tuple([z.number(), z.number()]),
    score: z.number(),
    label: z.string(),
    chosen: z.boolean().optional(),
  }),
);

/**
 * The videos of a dataset file with their labels, or those of a file of detections with what is worth showing of them.
 *
 * @param dataset - For detections: the dataset file that has the videos' paths and frame rates, if there is one.
 * @param minScore - For detections: the lowest score; null: what was chosen, or else what subtitles would show.
 * @throws UsageError where a file is neither, or malformed.
 */
export function exportedVideos(file: string, dataset: string | undefined, minScore: number | null): ExportedVideo[] {
  const json = new JsonFile(file, 'dataset file or detections');
  const content = json.entries();
  if (content.has('database')) {
    if (dataset !== undefined) throw new UsageError(`${file} is a dataset file: --dataset is for detections`);
    return loadDataset(file).videos.map((video) => exportedVideo(video, inTime(video.instances)));
  }
  if (!content.has('results')) throw json.error([], 'neither a dataset file ("database") nor detections ("results")');
  const videos = new Map(dataset === undefined ? [] : loadDataset(dataset).videos.map((video) => [video.id, video]));
  return [...json.entries(content.get('results'), ['results'])].map(([id, value]) => {
    const found = json.parse(detections, value, ['results', id]);
    const actions = worthShowing(found, minScore);
    const video = videos.get(id);
    if (video) return exportedVideo(video, actions);
    const duration = Math.max(0, ...actions.map(({ end }) => end));
    return { id, file: id, subset: 'detected', duration, clock: null, actions, unlabelled: [] };
  });
}

function exportedVideo(video: Video, actions: readonly ExportedAction[]): ExportedVideo {
  const { id, path: file, subset, duration, unlabelled = [] } = video;
  return { id, file, subset, duration, clock: video.fps > 0 ? video : null, actions, unlabelled };
}

/** The detections that `detect` chose, where it did, or those that reach a score and do not overlap better ones. */
function worthShowing(found: readonly (Detection & { chosen?: boolean | undefined })[], minScore: number | null) {
  const chosen = found.filter((detection) => detection.chosen === true);
  if (minScore === null && chosen.length > 0)
    return inTime(chosen.map(({ segment: [start, end], label, score }) => ({ start, end, label, score })));
  return chooseCues(found, minScore);
}

function inTime<T extends { start: number; end: number }>(actions: readonly T[]): T[] {
  return [...actions].sort((a, b) => a.start - b.start || a.end - b.end);
}
