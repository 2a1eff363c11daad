import type { Video } from '../../data/dataset.js';
import { readVideoScores, scoresOfVideos } from '../../data/scores/video-scores.js';
import type { VideoScores } from '../../data/scores/scores.js';
import { normalizedScores } from '../../evaluation/external-labels.js';
import { dataPath } from '../run/run-dataset.js';
import type { Run } from '../run/run.js';
import { say } from '../../system/say.js';

/**
 * Reads the class scores of videos from the file `detect.scores`; null where the run's own classifier labels proposals.
 * Warns on stderr about videos without scores, which that classifier labels (`data.missing`), and about labels that
 * only the file or only the dataset has.
 *
 * @throws UsageError when the file does not fit.
 */
export function externalScores(
  { config, dataset }: Pick<Run, 'config' | 'dataset'>,
  videos: readonly Video[],
): VideoScores | null {
  const { scores: name, normalizeScores } = config.detect;
  if (name === null) return null;
  const file = dataPath(config, name);
  const ids = videos.map(({ id }) => id);
  const { scores, warnings } = scoresOfVideos(readVideoScores(file), ids, dataset.classes, {
    file,
    missing: config.data.missing,
  });
  for (const warning of warnings) say(`warning: ${warning}`);
  return normalizeScores ? new Map([...scores].map(([id, list]) => [id, normalizedScores(list)])) : scores;
}
