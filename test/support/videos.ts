import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import type { FrameTransform } from '../../src/video/decode.js';
import { findFfmpeg } from '../../src/video/ffmpeg.js';

/** Runs ffmpeg and returns its standard output. */
export function ffmpeg(...args: string[]): Buffer {
  return execFileSync(findFfmpeg().path, ['-hide_banner', '-nostdin', '-loglevel', 'error', '-y', ...args], {
    maxBuffer: 2 ** 30,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

let encoders: string | undefined;

/** Whether the ffmpeg at hand can make this test's video: `codec` is as {@link testVideo} takes it. */
export function hasEncoder([encoder = '']: readonly string[]): boolean {
  encoders ??= ffmpeg('-encoders').toString();
  return encoders.includes(` ${encoder} `);
}

/**
 * Encoders' options for small videos that are difficult to decode: frames out of order, references across keyframes.
 */
export const codecs = {
  h264: ['libx264', '-bf', '3', '-g', '30'],
  'h264 open GOP': ['libx264', '-x264-params', 'open-gop=1:bframes=5:b-pyramid=normal:keyint=25:scenecut=0'],
  hevc: ['libx265', '-preset', 'superfast', '-x265-params', 'log-level=none:bframes=4:keyint=40'],
  vp9: [
    'libvpx-vp9',
    '-deadline',
    'realtime',
    '-cpu-used',
    '8',
    '-g',
    '50',
    '-auto-alt-ref',
    '1',
    '-lag-in-frames',
    '8',
  ],
  av1: ['libaom-av1', '-cpu-used', '8', '-usage', 'realtime', '-g', '50'],
  mpeg4: ['mpeg4', '-bf', '2', '-g', '40'],
};

export interface VideoOptions {
  size?: string;
  rate?: string;
  seconds?: number;
  filter?: string;
  pixels?: string;
  codec?: readonly string[];
  /** Seconds by which a sound track begins before the pictures and is longer than they are. */
  sound?: number;
}

/** Makes a video whose frames all differ: ffmpeg's test picture with a running counter and moving noise. */
export function testVideo(
  file: string,
  {
    size = '64x48',
    rate = '25',
    seconds = 2,
    filter = 'null',
    pixels = 'yuv420p',
    codec = codecs.h264,
    sound = 0,
  }: VideoOptions = {},
): string {
  const source = `testsrc2=s=${size}:r=${rate}:d=${seconds},noise=alls=20:allf=t:all_seed=7,${filter}`;
  // prettier-ignore
  // prettier-ignore
  ffmpeg(
    '-f', 'lavfi', ...(sound > 0 ? ['-itsoffset', String(sound)] : []), '-i', source,
    ...(sound > 0 ? ['-f', 'lavfi', '-i', `sine=d=${seconds + 2 * sound}`] : []),
    '-fps_mode', 'passthrough', '-pix_fmt', pixels, '-c:v', ...codec, `file:${file}`,
  );
  return file;
}

/** A transform that changes nothing. */
export function whole(width: number, height: number): FrameTransform {
  return { scale: [width, height], crop: { x: 0, y: 0, width, height }, flip: false };
}

/**
 * All frames of a file, decoded in one pass without selecting, with which every other way must agree. They
 * are cropped and mirrored here.
 */
export function allFrames(video: string, { scale: [width, height], crop, flip }: FrameTransform): Buffer[] {
  // prettier-ignore
  const bytes = ffmpeg('-i', `file:${video}`, '-map', '0:V:0', '-fps_mode', 'passthrough', '-vf',
    `scale=${width}:${height}:flags=bilinear+accurate_rnd+full_chroma_int,format=rgb24`, '-f', 'rawvideo', '-');
  const size = width * height * 3;
  assert.equal(bytes.length % size, 0);
  return Array.from({ length: bytes.length / size }, (_, i) => {
    const frame = Buffer.alloc(crop.width * crop.height * 3);
    for (let y = 0, to = 0; y < crop.height; y++) {
      for (let x = 0; x < crop.width; x++) {
        const column = crop.x + (flip ? crop.width - 1 - x : x);
        for (let c = 0; c < 3; c++, to++) frame[to] = bytes[i * size + ((crop.y + y) * width + column) * 3 + c]!;
      }
    }
    return frame;
  });
}

/** Compares decoded bytes with {@link allFrames}. */
export function assertFrames(bytes: Uint8Array, indices: readonly number[], frames: readonly Buffer[]): void {
  const size = frames[0]!.length;
  assert.equal(bytes.length, indices.length * size);
  indices.forEach((index, k) => {
    const same = Buffer.compare(bytes.subarray(k * size, (k + 1) * size), frames[index]!) === 0;
    assert.ok(same, `place ${k} does not hold frame ${index}`);
  });
}

/** The last frame of {@link hoursOfVideo}. */
export const lastOfHours = 999_999;

/** Makes hours of a plain picture, so that a read of its last frame takes far longer than a short time limit. */
export function hoursOfVideo(file: string): string {
  const short = `${file}.short.mp4`;
  ffmpeg('-f', 'lavfi', '-i', 'color=s=16x16:r=25:d=40', '-c:v', 'libx264', `file:${short}`);
  ffmpeg('-stream_loop', String((lastOfHours + 1) / 1000 - 1), '-i', `file:${short}`, '-c', 'copy', `file:${file}`);
  rmSync(short);
  return file;
}
