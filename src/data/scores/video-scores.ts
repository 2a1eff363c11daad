import { z } from 'zod';
import { UsageError } from '../../system/errors.js';
import { printable } from '../../system/printable.js';
import { JsonFile } from '../annotations/json-file.js';
import type { JsonPath } from '../annotations/json-walk.js';
import type { ClassScores, VideoScores } from './scores.js';
import { readUntrimmedNet } from './untrimmednet.js';

const score = z.number().nonnegative();
const label = z.string().min(1);
const names = z.array(label).min(1);
const numbers = z.array(score);
const listed = z
  .array(z.object({ label, score, segment: z.undefined('a detection, not the score of a whole video').optional() }))
  .min(1);

/**
 * Reads class scores of whole videos in any published form: `{"results": {video: [score, …]}, "class": [label, …]}`
 * (CUHK's for ActivityNet); `{"results": {video: [{"label": …, "score": …}, …]}}`, as in results of ActivityNet's
 * classification task; or UntrimmedNet's .npy array for THUMOS14 ({@link readUntrimmedNet}).
 *
 * @throws UsageError with file:line and the field.
 */
export function readVideoScores(file: string): VideoScores {
  if (file.toLowerCase().endsWith('.npy')) return readUntrimmedNet(file);
  const json = new JsonFile(file, 'file of class scores');
  const content = json.entries();
  const classes = content.has('class') ? json.parse(names, content.get('class'), ['class']) : undefined;
  refuseRepeated(json, ['class'], classes ?? []);
  const scores = new Map<string, ClassScores>();
  for (const [video, value] of json.entries(content.get('results') ?? null, ['results'])) {
    scores.set(video, scoresOf(json, ['results', video], value, classes));
  }
  if (scores.size === 0) throw json.error(['results'], 'no videos in it');
  return scores;
}

function scoresOf(json: JsonFile, path: JsonPath, value: unknown, classes: readonly string[] | undefined): ClassScores {
  if (Array.isArray(value) && typeof value[0] === 'number') {
    if (!classes) throw json.error([], 'no "class"; it must list the labels of the scores in their order');
    const row = json.parse(numbers, value, path);
    if (row.length !== classes.length) throw json.error(path, `${row.length} scores for ${classes.length} classes`);
    return row.map((score, i) => ({ label: classes[i]!, score }));
  }
  const list = json.parse(listed, value, path);
  refuseRepeated(
    json,
    path,
    list.map(({ label }) => label),
  );
  return list.map(({ label, score }) => ({ label, score }));
}

function refuseRepeated(json: JsonFile, path: JsonPath, labels: readonly string[]): void {
  const seen = new Set<string>();
  labels.forEach((label, i) => {
    if (seen.has(label)) throw json.error([...path, i], `"${label}" is listed twice`);
    seen.add(label);
  });
}

/**
 * The scores of these videos, for the dataset's labels. ActivityNet's videos are found with and without their `v_`.
 *
 * @param missing - Treatment of videos without scores: `skip` leaves them out, `fail` throws.
 * @returns The scores by video, and warnings about the videos left out and the labels that only one side has.
 * @throws UsageError naming the videos without scores (`fail`), or when no label of the file is in the dataset.
 */
export function scoresOfVideos(
  scores: VideoScores,
  videos: readonly string[],
  classes: readonly string[],
  { file, missing }: { file: string; missing: 'fail' | 'skip' },
): { scores: VideoScores; warnings: string[] } {
  const known = new Set(classes);
  const own = new Map<string, ClassScores>();
  for (const id of videos) {
    const list = scores.get(id) ?? scores.get(id.replace(/^v_/, '')) ?? scores.get(`v_${id}`);
    if (list)
      own.set(
        id,
        list.filter(({ label }) => known.has(label)),
      );
  }
  const without = videos.filter((id) => !own.has(id));
  const lacking = `${file}: no scores for ${without.length} of ${videos.length} videos`;
  if (without.length > 0 && missing === 'fail') {
    const advice = "data.missing=skip labels them with the run's own classifier";
    throw new UsageError(`${lacking} (${advice}): ${someOf(without)}`);
  }
  const scored = new Set([...scores.values()].flatMap((list) => list.map(({ label }) => label)));
  const here = classes.filter((label) => !scored.has(label));
  const there = [...scored].filter((label) => !known.has(label));
  if (here.length === classes.length) {
    throw new UsageError(`${file}: none of its labels is in the dataset: ${someOf(there)}`);
  }
  const warnings = [
    ...(without.length > 0 ? [`${lacking}, labelled with the run's own classifier: ${someOf(without)}`] : []),
    ...(here.length > 0 ? [`${file}: labels without scores, never detected: ${someOf(here)}`] : []),
    ...(there.length > 0 ? [`${file}: labels that the dataset does not have, left out: ${someOf(there)}`] : []),
  ];
  return { scores: own, warnings };
}

/** The first few names of a list, and how many more there are. */
function someOf(names: readonly string[]): string {
  const first = names.slice(0, 5).map((name) => printable(name, 40));
  return first.join(', ') + (names.length > first.length ? ` and ${names.length - first.length} more` : '');
}
