import type { FrameRequest } from '../frames/request.js';
import type { MeasuredClip } from '../measured-clips.js';
import { clipFrames, type ClipSampling } from './sampling.js';
import { clipRequest, seenClip, type ClipRequestSampling } from './snippets.js';
import { evalTransform, type Resize } from './transform.js';
import type { FrameTransform } from '../../video/decode.js';
import type { Size } from '../../video/probe.js';

/** How many samples in time and space a clip is judged by (`pretrain.views`). */
export interface Views {
  clips: number;
  crops: number;
}

/** The i-th of n, from 0. */
interface Place {
  i: number;
  n: number;
}

/** What all samples of a validation have in common. */
interface ViewOptions {
  size: number;
  resize: Resize;
  sampling: ClipRequestSampling;
}

/** The requests for the views of a clip, without chance: of each sample in time, its crops. */
export function viewRequests(
  clip: MeasuredClip,
  views: Views,
  { size, resize, sampling }: ViewOptions,
): FrameRequest[] {
  return places(views.clips).flatMap((time) => {
    const { frames, own } = seenClip(clip, sampling.fps);
    const indices = viewFrames({ ...sampling, frames }, time).map(own);
    return places(views.crops).map((space) => {
      const view = viewTransform(clip.file, size, resize, space);
      return { ...clipRequest(clip, view.crop.width, sampling, view), indices };
    });
  });
}

/**
 * The frames of one of n evenly spaced samples of a clip; a single one is the centre. `dense` as TSM tests
 * (docs/method.md §4.1): windows whose starts are evenly spaced from the first possible frame to the last. `uniform`:
 * the clip is cut into as many parts as frames are needed, and the samples take evenly spaced places of each part.
 */
export function viewFrames(sampling: ClipSampling, { i, n }: Place): Int32Array {
  if (n === 1) return clipFrames(sampling);
  const { frames, count, stride, mode } = sampling;
  if (mode === 'uniform')
    return Int32Array.from({ length: count }, (_, k) => Math.floor(((k + (i + 0.5) / n) * frames) / count));
  const begin = Math.floor((i * Math.max(0, frames - count * stride)) / (n - 1));
  return Int32Array.from({ length: count }, (_, k) => (begin + k * stride) % frames);
}

/**
 * One of n crops. A single crop is the centre at `size` pixels. Several crops are squares of the scaled short side (256
 * for a size of 224), spread along the long side from end to end, as TSM tests ("full resolution").
 */
export function viewTransform(source: Size, size: number, resize: Resize, { i, n }: Place): FrameTransform {
  const centre = evalTransform(source, size, resize);
  if (n === 1) return centre;
  const [width, height] = centre.scale;
  const side = Math.min(width, height);
  const at = (room: number) => Math.floor((room * i) / (n - 1));
  return { ...centre, crop: { x: at(width - side), y: at(height - side), width: side, height: side } };
}

const places = (n: number): Place[] => Array.from({ length: n }, (_, i) => ({ i, n }));
