import { framecrc } from './framecrc.js';
import { inputFile, isIrregular, runFfmpeg, videoStream } from './process.js';

/**
 * Whether ffmpeg finds moving pictures in a file, whatever its name says. Files with one picture only do not count.
 * Nothing is decoded: a file that holds video may still be damaged.
 */
export async function holdsVideo(file: string): Promise<boolean> {
  if (isIrregular(file)) return false;
  let listed = '';
  // Attached pictures, as the covers of sound files, are no stream `V`.
  const copied = ['-map', videoStream(), '-c', 'copy', '-frames:v', '2', ...framecrc(1)];
  await runFfmpeg(
    [...inputFile(file), ...copied],
    (chunk) => {
      listed += chunk.toString('latin1');
    },
    { silence: 20 },
  );
  return listed.split('\n').filter((line) => /^\d/.test(line)).length > 1;
}
