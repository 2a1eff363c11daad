import type { Random } from '../../engine/random.js';
import type { FrameTransform } from '../../video/decode.js';
import type { Size } from '../../video/probe.js';
import type { FrameRequest } from '../frames/request.js';
import type { MeasuredClip } from '../measured-clips.js';
import { clipFrames, type ClipSampling } from './sampling.js';
import { clipRequest, seenClip, type ClipRequestSampling } from './snippets.js';
import { cornerTransforms, evalTransform, type Resize } from './transform.js';

/**
 * The crops of a sample. 1: the centre; 3: three squares of the whole short side; 4: the four corners, two of them
 * mirrored; 10: four corners and centre, and the mirror images of all five.
 */
export type Crops = 1 | 3 | 4 | 10;

/** Whether there are so many crops to choose. */
export function isCrops(count: number): count is Crops {
  return [1, 3, 4, 10].includes(count);
}

/** How many samples in time and space a clip is judged by (`pretrain.views`). */
export interface Views {
  clips: number;
  crops: Crops;
  /** The stream from which the i-th sample's place in time is drawn. Absent: the samples are evenly spaced. */
  random?: (i: number) => Random;
}

/** The i-th of n, from 0. */
interface Place {
  i: number;
  n: number;
}

/** What the crops of all samples have in common. */
interface CropOptions {
  /** Side of the square frames, in pixels. */
  size: number;
  resize: Resize;
  /** Whether crops may be mirrored (`data.flip`). The mirror image of a clip could show another class. */
  flip: boolean;
}

/** What all samples of a validation have in common. */
interface ViewOptions extends CropOptions {
  sampling: ClipRequestSampling;
}

/** The requests for the views of a clip: of each sample in time, its crops. A single sample is the centre. */
export function viewRequests(clip: MeasuredClip, views: Views, { sampling, ...options }: ViewOptions): FrameRequest[] {
  const { frames, own } = seenClip(clip, sampling.fps);
  const crops = viewTransforms(clip.file, options, views.crops);
  return Array.from({ length: views.clips }, (_, i) => {
    const random = views.clips > 1 ? views.random?.(i) : undefined;
    const seen = { ...sampling, frames };
    const indices = (random ? clipFrames(seen, random) : viewFrames(seen, { i, n: views.clips })).map(own);
    return crops.map((view) => ({ ...clipRequest(clip, view.crop.width, sampling, view), indices }));
  }).flat();
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
 * The crops of a sample. A single one is the centre at `size` pixels. Three are squares of the scaled short side (256
 * for a size of 224), spread along the long side from end to end, as TSM tests ("full resolution"). Four and ten are
 * {@link cornerTransforms}; where nothing may be mirrored, ten crops are the five that are not mirror images.
 */
export function viewTransforms(source: Size, { size, resize, flip }: CropOptions, crops: Crops): FrameTransform[] {
  const centre = evalTransform(source, size, resize);
  const corners = () => cornerTransforms(source, size, resize);
  const mirrored = (view: FrameTransform) => ({ ...view, flip });
  switch (crops) {
    case 1:
      return [centre];
    case 3:
      return alongLongSide(centre);
    case 4:
      // Each half of the frame is seen both ways, the left and the right, the upper and the lower one.
      return corners()
        .slice(0, 4)
        .map((view, i) => (i === 1 || i === 2 ? mirrored(view) : view));
    case 10:
      return flip ? [...corners(), ...corners().map(mirrored)] : corners();
  }
}

/** How many transforms {@link viewTransforms} gives. */
export function cropCount(crops: Crops, flip: boolean): number {
  return crops === 10 && !flip ? 5 : crops;
}

function alongLongSide(centre: FrameTransform): FrameTransform[] {
  const [width, height] = centre.scale;
  const side = Math.min(width, height);
  return [0, 1, 2].map((i) => {
    const at = (room: number) => Math.floor((room * i) / 2);
    return { ...centre, crop: { x: at(width - side), y: at(height - side), width: side, height: side } };
  });
}
