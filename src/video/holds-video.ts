import { statSync } from 'node:fs';
import { framecrc } from './framecrc.js';
import { inputFile, runFfmpeg, videoStream } from './process.js';

/**
 * Whether ffmpeg finds moving pictures in a file, whatever its name says. Text, which ffmpeg can show as a picture too,
 * and files with one picture only do not count. Nothing is decoded: a file that holds video may still be damaged.
 */
export async function holdsVideo(file: string): Promise<boolean> {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return false;
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
  const packets = listed.split('\n').filter((line) => /^\d/.test(line));
  return packets.length > 1 && !/^#codec_id 0: *(ansi|bintext|xbin|idf)$/m.test(listed);
}
