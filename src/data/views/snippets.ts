import { WorkError } from '../../system/errors.js';
import type { Random } from '../../engine/random.js';
import type { FrameTransform } from '../../video/decode.js';
import type { Video } from '../dataset.js';
import type { ColorTransform } from '../frames/color.js';
import type { FrameRequest } from '../frames/request.js';
import type { MeasuredClip } from '../measured-clips.js';
import { clipFrames, resampled, snippetFrames, type ClipSampling, type Resampled } from './sampling.js';

/**
 * Fidelity of a video (docs/method.md §1.1): the number of snippets over the video, and the side of
 * the square frames in pixels.
 */
export interface Fidelity {
  snippets: number;
  size: number;
}

/** Frames of a snippet and the distance between them, in frames at the rate `fps` (see {@link resampled}). */
export interface SnippetSampling {
  frames: number;
  stride: number;
  fps?: number | null;
}

/** A stretch of a video, in frames at the rate at which it is sampled. */
export interface Stretch {
  from: number;
  frames: number;
}

/** Scale, crop, mirroring and colours of a sample's frames. */
export interface View extends FrameTransform {
  color?: ColorTransform | undefined;
}

/**
 * The request for the frames of a video, or of a stretch of it, as the encoder takes them:
 * `[snippets, frames, size, size, 3]`.
 *
 * @param again - Whether frames of this video, or of other stretches of it, will be requested again at the same scale.
 * @throws WorkError when the video is marked as a problem.
 */
export function snippetRequest(
  video: Video,
  { snippets, size }: Fidelity,
  { frames, stride, fps }: SnippetSampling,
  view: View,
  again: boolean,
  stretch?: Stretch,
): FrameRequest {
  if (video.problem !== undefined) throw new WorkError(`video ${video.id} cannot be used: ${video.problem}`);
  const seen = resampled(video, fps);
  const { from, frames: length } = stretch ?? { from: 0, frames: seen.frames };
  const grid = snippetFrames({ frames: length, snippets, perSnippet: frames, stride });
  const indices = grid.map((frame) => seen.own(from + frame));
  const all = () => (stretch ? Array.from({ length: seen.frames }, (_, frame) => seen.own(frame)) : indices);
  return request(video.path, video, indices, size, view, again ? [...new Set(all())] : undefined);
}

/** How a clip is sampled, at the rate `fps` (see {@link resampled}). */
export type ClipRequestSampling = Omit<ClipSampling, 'frames'> & Pick<SnippetSampling, 'fps'>;

/** A clip resampled to `rate`; `own` gives frame numbers of the clip's file. */
export function seenClip({ frames, file }: MeasuredClip, rate?: number | null): Resampled {
  return resampled(file, rate, frames);
}

/**
 * The request for the frames of a trimmed clip as the classifier takes them: `[count, size, size, 3]`. Any
 * frame of the clip may be cached.
 */
export function clipRequest(
  clip: MeasuredClip,
  size: number,
  sampling: ClipRequestSampling,
  view: View,
  random?: Random,
): FrameRequest {
  const { frames, own } = seenClip(clip, sampling.fps);
  const indices = clipFrames({ ...sampling, frames }, random).map(own);
  const all = new Set(Array.from({ length: frames }, (_, frame) => own(frame)));
  return request(clip.path, clip.file, indices, size, view, [...all]);
}

function request(
  file: string,
  { fps, seek, stream }: MeasuredClip['file'],
  indices: Int32Array,
  size: number,
  { color, ...transform }: View,
  family: number[] | undefined,
): FrameRequest {
  const { width, height } = transform.crop;
  if (width !== size || height !== size) throw new RangeError(`the view gives ${width}x${height}, not ${size}x${size}`);
  return {
    file,
    indices,
    ...transform,
    ...(seek && { timing: { fps, seek } }),
    ...(stream !== undefined && { stream }),
    ...(color && { color }),
    ...(family && { family: Int32Array.from(family).sort() }),
  };
}
