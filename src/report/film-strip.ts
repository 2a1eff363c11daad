import { inputFile, runFfmpeg } from '../video/process.js';

/** Pictures in a strip, and the size of each in pixels. */
export const PICTURES = 10;
const WIDTH = 96;
const HEIGHT = 54;
/** A strip of more bytes is not worth its place in the page. */
const MOST_BYTES = 60_000;

/**
 * A JPEG of {@link PICTURES} pictures side by side, each from the middle of its part of the video, whole in its 16:9 field.
 * One ffmpeg process; it seeks, so that a long video takes no longer.
 *
 * @param duration seconds.
 * @returns null where ffmpeg makes none of the file.
 */
export async function filmStrip(file: string, duration: number): Promise<Buffer | null> {
  const fields = Array.from({ length: PICTURES }, (_, i) => i);
  const inputs = fields.flatMap((i) => [
    ...['-threads', '1', '-ss', ((duration * (i + 0.5)) / PICTURES).toFixed(3)],
    ...inputFile(file),
  ]);
  const fit = `scale=${WIDTH}:${HEIGHT}:force_original_aspect_ratio=decrease,setsar=1,pad=${WIDTH}:${HEIGHT}:-1:-1`;
  const graph =
    fields.map((i) => `[${i}:V:0]${fit}[p${i}];`).join('') +
    `${fields.map((i) => `[p${i}]`).join('')}hstack=inputs=${PICTURES}[strip]`;
  const chunks: Buffer[] = [];
  const output = ['-map', '[strip]', '-frames:v', '1', '-q:v', '5', '-f', 'image2pipe', '-c:v', 'mjpeg', 'pipe:1'];
  const { ok } = await runFfmpeg([...inputs, '-filter_complex', graph, ...output], (chunk) => chunks.push(chunk));
  const bytes = Buffer.concat(chunks);
  return ok && bytes.length > 0 && bytes.length <= MOST_BYTES ? bytes : null;
}
