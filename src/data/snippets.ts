import { WorkError } from '../system/errors.js';
import type { Random } from '../engine/random.js';
import type { FrameTransform } from '../video/decode.js';
import { probe, type Size, type VideoInfo } from '../video/probe.js';
import type { Clip } from './clips.js';
import type { Video } from './dataset.js';
import { decodeAlways, type FrameSource } from './frame-memory.js';
import { clipFrames, snippetFrames, type ClipSampling } from './sampling.js';

/** How finely a video is seen (LoFi §3): snippets over the video, and the side of the square frames in pixels. */
export interface Fidelity {
  snippets: number;
  size: number;
}

/** Frames of a snippet, and frames of the video from one to the next. */
export interface SnippetSampling {
  frames: number;
  stride: number;
}

/**
 * A video as the encoder takes it: `[snippets, frames, size, size, 3]` RGB bytes.
 * @throws WorkError when the video is marked as a problem or cannot be decoded.
 */
export async function loadSnippets(
  video: Video,
  { snippets, size }: Fidelity,
  { frames, stride }: SnippetSampling,
  transform: FrameTransform,
  source: FrameSource = decodeAlways,
): Promise<Uint8Array> {
  if (video.problem !== undefined) throw new WorkError(`video ${video.id} cannot be used: ${video.problem}`);
  checkSize(transform, size);
  const indices = snippetFrames({ frames: video.frames, snippets, perSnippet: frames, stride });
  return source(video.path, { indices, ...transform }, indices);
}

/**
 * A trimmed clip as the classifier takes it: `[count, size, size, 3]` RGB bytes. `transform` is asked once the clip's size is known.
 * @throws WorkError when the clip cannot be decoded.
 */
export async function loadClip(
  clip: Clip,
  size: number,
  sampling: Omit<ClipSampling, 'frames'>,
  transform: (size: Size) => FrameTransform,
  source: FrameSource = decodeAlways,
  random?: Random,
): Promise<Uint8Array> {
  const info = await probeOnce(clip.path);
  const chosen = transform(info);
  checkSize(chosen, size);
  const { from, count } = clip.frames ?? { from: 0, count: info.frames };
  const indices = clipFrames({ ...sampling, frames: count }, random).map((frame) => from + frame);
  const all = Array.from({ length: count }, (_, frame) => from + frame);
  return source(clip.path, { indices, ...chosen }, all);
}

function checkSize({ crop }: FrameTransform, size: number): void {
  if (crop.width !== size || crop.height !== size) {
    throw new RangeError(`the transform gives ${crop.width}x${crop.height}, not ${size}x${size}`);
  }
}

const probed = new Map<string, Promise<VideoInfo>>();

/** Clips are read in every epoch: each is probed once a process. */
function probeOnce(file: string): Promise<VideoInfo> {
  let info = probed.get(file);
  if (!info) probed.set(file, (info = probe(file)));
  return info;
}
