import type { FusionKind } from '../../../config/sections/classic-keys.js';
import { windowCount, type TimeWindow } from '../../units/time-windows.js';

/** What a convolution of a fusion network sees of the positions in time, and how many it leaves. */
export interface TemporalStep extends TimeWindow {
  left: number;
}

/** Positions that the three convolutions over time of slow fusion leave of 10 frames (Karpathy et al., figure 1). */
const published = [4, 2, 1];

/**
 * How the convolutions of a fusion network see the frames of a snippet, for any number of frames from 1 on. There is a
 * step for each convolution over time; the others see one position at a time.
 *
 * Slow fusion leaves 4, 2 and 1 positions, as the published network does, or as many as there are. The windows of a
 * convolution begin as far apart as that number allows, and reach so far that they leave out no frame. 10 frames give
 * the published extents 4, 2, 2 and strides 2, 2, 2. Early fusion sees all frames at once.
 *
 * @param frames - Frames of a snippet, T ≥ 1.
 */
export function temporalPlan(frames: number, kind: FusionKind = 'slow'): TemporalStep[] {
  if (kind === 'early') return [{ extent: frames, stride: 1, left: 1 }];
  if (kind !== 'slow') return [];
  let positions = frames;
  return published.map((count) => {
    const left = Math.min(count, positions);
    const stride = Math.floor(positions / left);
    const step = { extent: positions - (left - 1) * stride, stride };
    positions = windowCount(positions, step);
    return { ...step, left: positions };
  });
}
