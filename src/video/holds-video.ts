import { framecrc } from './framecrc.js';
import { inputFile, isIrregular, runFfmpeg, videoStream } from './process.js';

/**
 * Whether ffmpeg finds moving pictures in a file, whatever its name says. Files with one picture only do not count.
 * Nothing is decoded: a file that holds video may still be damaged.
 *
 * @param stream - Which of several video streams is looked at.
 */
export async function holdsVideo(file: string, stream = 0): Promise<boolean> {
  if (isIrregular(file)) return false;
  let listed = '';
  // Attached pictures, as the covers of sound files, are no stream `V`.
  const copied = ['-map', videoStream(stream), '-c', 'copy', '-frames:v', '2', ...framecrc(1)];
  await runFfmpeg(
    [...inputFile(file), ...copied],
    (chunk) => {
      listed += chunk.toString('latin1');
    },
    { silence: 20 },
  );
  return listed.split('\n').filter((line) => /^\d/.test(line)).length > 1;
}
