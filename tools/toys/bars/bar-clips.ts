import { randomStream } from '../../../src/engine/random.js';

/** Side of the square frames in pixels, and frames of a clip. */
export const [side, frames] = [16, 6] as const;

/** Clips of bars and their directions. */
export interface BarClips {
  /** `[clips, frames, side, side, 3]`, 0 to 255. */
  readonly pixels: Float32Array;
  /** 0: the bar moves to the left, 1: to the right. */
  readonly directions: readonly number[];
}

/** Columns of the bar. */
const thickness = 3;

/**
 * Clips of a vertical bar that moves by one pixel a frame to the left or to the right. What leaves at one side comes
 * back at the other, and the place where it starts is drawn from all columns. So the bar of every frame is as likely
 * at any place whichever way it moves: a frame alone tells nothing, and two of them do. Brightness and noise are drawn
 * too.
 */
export function barClips(count: number, seed: number, part: 'train' | 'test'): BarClips {
  const pixels = new Float32Array(count * frames * side * side * 3);
  const directions = Array.from({ length: count }, (_, i) => i % 2);
  for (const [clip, direction] of directions.entries()) {
    const random = randomStream(seed, 'moving bar', part, clip);
    const start = random.below(side);
    const bright = random.between(150, 255);
    for (let t = 0; t < frames; t++) {
      const left = start + (direction === 1 ? t : -t) + side;
      const barred = new Set(Array.from({ length: thickness }, (_, i) => (left + i) % side));
      for (let place = 0; place < side * side; place++) {
        const value = (barred.has(place % side) ? bright : 40) + 20 * random.normal();
        const at = 3 * ((clip * frames + t) * side * side + place);
        pixels.fill(Math.min(255, Math.max(0, value)), at, at + 3);
      }
    }
  }
  return { pixels, directions };
}
