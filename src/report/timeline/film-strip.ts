import { existsSync } from 'node:fs';
import { inParallel } from '../../system/parallel.js';
import { withProgress } from '../../system/progress.js';
import { readContainer } from '../../video/container.js';
import { inputFile, isIrregular, runFfmpeg, videoStream } from '../../video/process.js';

/** Number of pictures in a strip, and width and height of each in pixels. */
const PICTURES = 10;
const WIDTH = 96;
const HEIGHT = 54;
/** A strip with more bytes than this is left out of the page. */
const MOST_BYTES = 60_000;
/** Number of videos that get a strip. Each costs 8 kB and a third of a second. */
const MOST_STRIPS = 48;

/**
 * Film strips by video id, as base64, of at most {@link MOST_STRIPS} evenly spread videos
 * among those whose file exists.
 */
export async function filmStrips(
  videos: readonly { id: string; duration: number }[],
  files: ReadonlyMap<string, string>,
): Promise<Record<string, string>> {
  const there = videos.flatMap(({ id, duration }) => {
    const file = files.get(id);
    return file !== undefined && existsSync(file) && !isIrregular(file) ? [{ id, duration, file }] : [];
  });
  const strips = await withProgress('film strips', (onProgress) =>
    inParallel(
      evenlySpread(there, MOST_STRIPS),
      async ({ id, file, duration }) => [id, await filmStrip(file, duration)] as const,
      onProgress,
    ),
  );
  return Object.fromEntries(strips.flatMap(([id, strip]) => (strip === null ? [] : [[id, strip.toString('base64')]])));
}

/** At most `most` items of a list, evenly spread and beginning with the first. */
export function evenlySpread<T>(list: readonly T[], most: number): T[] {
  const count = Math.min(most, list.length);
  return Array.from({ length: count }, (_, i) => list[Math.floor((i * list.length) / count)]!);
}

/**
 * A JPEG of {@link PICTURES} pictures side by side. Each is taken from the middle of its part of the video and fits
 * into a field of 16:9. It takes one ffmpeg process, which seeks, so that long videos take no longer.
 *
 * @param duration - The second at which the video ends.
 * @returns Null where ffmpeg fails, or the strip is too large.
 */
export async function filmStrip(file: string, duration: number): Promise<Buffer | null> {
  const fields = Array.from({ length: PICTURES }, (_, i) => i);
  const inputs = fields.flatMap((i) => [
    ...['-threads', '1', '-ss', ((duration * (i + 0.5)) / PICTURES).toFixed(3)],
    ...inputFile(file),
  ]);
  const { stream } = await readContainer(file);
  const square = 'scale=iw*sar:ih,setsar=1';
  const fit = `${square},scale=${WIDTH}:${HEIGHT}:force_original_aspect_ratio=decrease,pad=${WIDTH}:${HEIGHT}:-1:-1`;
  const graph =
    fields.map((i) => `[${videoStream(stream, i)}]${fit}[p${i}];`).join('') +
    `${fields.map((i) => `[p${i}]`).join('')}hstack=inputs=${PICTURES}[strip]`;
  const chunks: Buffer[] = [];
  const output = ['-map', '[strip]', '-frames:v', '1', '-q:v', '5', '-f', 'image2pipe', '-c:v', 'mjpeg', 'pipe:1'];
  const { ok } = await runFfmpeg([...inputs, '-filter_complex', graph, ...output], (chunk) => chunks.push(chunk));
  const bytes = Buffer.concat(chunks);
  return ok && bytes.length > 0 && bytes.length <= MOST_BYTES ? bytes : null;
}
