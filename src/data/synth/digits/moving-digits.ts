import { randomStream, type Random } from '../../../engine/random.js';
import type { DigitImages } from './digit-images.js';

/** The place of a digit, where 0 and 1 are the borders, and its velocity, of length 1. */
export interface Motion {
  x: number;
  y: number;
  vx: number;
  vy: number;
}

/** What moving digits are drawn from. Videos of moving-MNIST have 64, 28, 2 and 0.1 (docs/method.md §16.6). */
export interface MovingDigitsOptions {
  digits: DigitImages;
  /** Side of the square frames in pixels, no less than that of the digits. */
  canvas: number;
  /** Digits in a video. */
  count: number;
  /** Of the way from border to border, what a digit moves in a frame. */
  step: number;
  seed: number;
  /** Train and validation videos have nothing in common. */
  part: 'train' | 'validation';
}

/**
 * Where a digit's left upper corner lies in each frame, [top, left] in whole pixels. It moves before every frame, also
 * the first. At a border it stops for the frame, and the way is turned: what would lie beyond is not reflected.
 *
 * @param range - Pixels that the corner may move over: the canvas less the digit.
 */
export function trajectory(start: Motion, frames: number, step: number, range: number): [top: number, left: number][] {
  let { x, y, vx, vy } = start;
  return Array.from({ length: frames }, () => {
    [x, vx] = moved(x, vx, step);
    [y, vy] = moved(y, vy, step);
    return [Math.trunc(range * y), Math.trunc(range * x)];
  });
}

function moved(place: number, speed: number, step: number): [place: number, speed: number] {
  const next = place + step * speed;
  if (next <= 0) return [0, -speed];
  return next >= 1 ? [1, -speed] : [next, speed];
}

/**
 * An endless list of videos of digits that move straight and bounce off the borders (Srivastava et al. 2015, §3.1). The
 * same number is always the same video. Digits come in a shuffled order, all of them before one comes again.
 */
export class MovingDigits {
  /** Pixels of a frame, D. */
  readonly channels: number;
  private readonly range: number;
  private lastPass: { number: number; order: number[] } | undefined;

  /** @throws RangeError for digits larger than the canvas. */
  constructor(private readonly options: MovingDigitsOptions) {
    const { canvas, digits } = options;
    if (digits.side > canvas) throw new RangeError(`digits of ${digits.side} pixels on a canvas of ${canvas}`);
    this.channels = canvas * canvas;
    this.range = canvas - digits.side;
  }

  /**
   * Videos number `from` to `from + videos - 1`, time first: `[frames, videos, canvas²]` with values from 0 to 1. Where
   * digits overlap, the brighter pixel is seen.
   */
  videos(from: number, videos: number, frames: number): Float32Array {
    const { canvas, count, digits, step } = this.options;
    const all = new Float32Array(frames * videos * canvas * canvas);
    for (let video = 0; video < videos; video++) {
      const random = this.stream('video', from + video);
      for (let digit = 0; digit < count; digit++) {
        const image = digits.images[this.digit((from + video) * count + digit)]!;
        trajectory(drawMotion(random), frames, step, this.range).forEach(([top, left], t) => {
          const frame = (t * videos + video) * canvas * canvas;
          for (let i = 0; i < image.length; i++) {
            const row = top + Math.floor(i / digits.side);
            const at = frame + row * canvas + left + (i % digits.side);
            all[at] = Math.max(all[at]!, image[i]!);
          }
        });
      }
    }
    return all;
  }

  /** Which image the n-th digit of all videos is. */
  private digit(n: number): number {
    const { length } = this.options.digits.images;
    const number = Math.floor(n / length);
    if (this.lastPass?.number !== number) {
      const order = this.stream('pass', number).shuffled(Array.from({ length }, (_, i) => i));
      this.lastPass = { number, order };
    }
    return this.lastPass.order[n % length]!;
  }

  private stream(what: string, number: number): Random {
    return randomStream(this.options.seed, 'moving digits', this.options.part, what, number);
  }
}

function drawMotion(random: Random): Motion {
  const [y, x, angle] = [random.uniform(), random.uniform(), 2 * Math.PI * random.uniform()];
  return { x, y, vx: Math.cos(angle), vy: Math.sin(angle) };
}
