import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { findFfmpeg } from '../../src/video/ffmpeg.js';

/** A folder that is gone after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'lofi-test-'));
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Runs ffmpeg and gives what it writes to standard output. */
export function ffmpeg(...args: string[]): Buffer {
  return execFileSync(findFfmpeg().path, ['-hide_banner', '-nostdin', '-loglevel', 'error', '-y', ...args], {
    maxBuffer: 2 ** 30,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Every frame differs from every other: ffmpeg's test picture with a running counter and moving noise. */
export function testVideo(
  file: string,
  {
    size = '64x48',
    rate = '25',
    seconds = 2,
    filter = 'null',
    pixels = 'yuv420p',
    codec = ['libx264', '-bf', '3', '-g', '30'],
  } = {},
): string {
  const source = `testsrc2=s=${size}:r=${rate}:d=${seconds},noise=alls=20:allf=t:all_seed=7,${filter}`;
  // prettier-ignore
  ffmpeg('-f', 'lavfi', '-i', source, '-fps_mode', 'passthrough', '-pix_fmt', pixels, '-c:v', ...codec, `file:${file}`);
  return file;
}
