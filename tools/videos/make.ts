import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { findFfmpeg } from '../../src/video/ffmpeg.js';
import type { Combination } from './combinations.js';

/** Runs ffmpeg and returns its standard output and error output; null where it fails. */
export function ffmpeg(...args: string[]): { out: Buffer; said: string } | null {
  const ended = spawnSync(findFfmpeg().path, ['-hide_banner', '-nostdin', '-y', ...args], {
    maxBuffer: 2 ** 28,
    timeout: 60_000,
  });
  return ended.status === 0 ? { out: ended.stdout, said: ended.stderr.toString() } : null;
}

/** A test picture of 96 × 64 pixels with a counter, 25 frames a second, 2.4 seconds. */
const source = 'testsrc2=s=96x64:r=25:d=2.4';
/** Seconds by which the sound begins before the picture. */
export const offset = 1.5;

/** Makes the video of a combination in a folder; null where ffmpeg cannot write it. */
export function makeVideo(folder: string, { container, codec, oddity }: Combination): string | null {
  const file = path.join(folder, `${codec.name} ${oddity}.${container.name}`);
  const pixels = oddity === '10 bit' ? codec.tenBit : oddity === 'alpha' ? codec.alpha : (codec.pixels ?? 'yuv420p');
  if (pixels === undefined || (oddity === 'offset' && container.sound === null)) return null;
  const picture = [...codec.options, '-pix_fmt', pixels];
  const output = [...(container.options ?? []), `file:${file}`];
  const filter = {
    'variable rate': "select='lt(n,20)+not(mod(n,5))'",
    'wide pixels': 'setsar=16/11',
    interlaced: 'tinterlace=interleave_top,setfield=tff',
    alpha: 'format=rgba,colorchannelmixer=aa=0.5',
  } as Partial<Record<string, string>>;
  const filters = ['-fps_mode', 'passthrough', '-vf', filter[oddity] ?? 'null'];
  const input = ['-f', 'lavfi', '-i', source];

  if (oddity === 'offset') {
    const sound = ['-f', 'lavfi', '-i', `sine=d=${offset + 2.4}`, ...container.sound!];
    const late = [
      '-itsoffset',
      String(offset),
      ...input,
      ...sound,
      ...filters,
      ...picture,
      '-map',
      '0:v',
      '-map',
      '1:a',
    ];
    return ffmpeg(...late, ...output) && file;
  }
  if (oddity === 'two streams') {
    const preview = ['-f', 'lavfi', '-i', 'testsrc2=s=32x32:r=25:d=2.4'];
    return ffmpeg(...preview, ...input, '-map', '0:v', '-map', '1:v', ...picture, ...output) && file;
  }
  const interlacing = oddity === 'interlaced' ? ['-flags', '+ildct+ilme', '-field_order', 'tt'] : [];
  if (!ffmpeg(...input, ...filters, ...picture, ...interlacing, ...output)) return null;
  if (oddity === 'cut off') {
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, Math.floor(bytes.length * 0.6)));
  }
  if (oddity === 'rotated') {
    const upright = path.join(folder, `upright.${container.name}`);
    const turned = ffmpeg('-i', `file:${file}`, '-c', 'copy', ...(container.options ?? []), `file:${upright}`);
    if (!turned) return null;
    const done = ffmpeg('-display_rotation', '90', '-i', `file:${upright}`, '-c', 'copy', ...output);
    rmSync(upright);
    return done && file;
  }
  return file;
}
