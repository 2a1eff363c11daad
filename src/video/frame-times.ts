import { knotsThrough, type Clock } from './clock.js';
import type { FrameRow, Header } from './framecrc.js';

/** The times of all frames of a video, as a decoder gives them. */
export class FrameTimes {
  private times = new Float64Array(1024);
  private frames = 0;
  private header: Header | undefined;
  private first = Infinity;
  private last = -Infinity;

  add({ pts, duration }: FrameRow, header: Header): void {
    if (this.frames === this.times.length) {
      const times = new Float64Array(2 * this.frames);
      times.set(this.times);
      this.times = times;
    }
    this.times[this.frames++] = pts;
    this.header = header;
    this.first = Math.min(this.first, pts);
    this.last = Math.max(this.last, pts + duration);
  }

  /** Number of frames, their rate and when they are shown; undefined where there is none, or none lasts. */
  clock(): Clock | undefined {
    const shown = this.seconds(this.last - this.first);
    if (!this.header || !(shown > 0)) return undefined;
    const [ticks, perSecond] = this.header.timeBase;
    const fps = (this.frames * perSecond) / ((this.last - this.first) * ticks);
    if (this.first === 0) return { frames: this.frames, fps, duration: shown };
    return { frames: this.frames, fps, duration: this.seconds(this.last), start: this.start };
  }

  /** Width and height of the picture as it is shown: pixels that are not square make it wider or narrower. */
  size(): { width: number; height: number } {
    const { width, height, pixelAspect } = this.header!;
    return { width: Math.max(1, Math.round(width * pixelAspect)), height };
  }

  /** Time of the first frame in seconds on the container's clock. */
  get start(): number {
    return this.seconds(this.first);
  }

  /** Greatest difference in seconds between the time of a frame i and i / fps. */
  drift(fps: number): number {
    let most = 0;
    for (let i = 0; i < this.frames; i++) {
      most = Math.max(most, Math.abs(this.seconds(this.times[i]! - this.first) - i / fps));
    }
    return most;
  }

  /** The times as a {@link Clock} holds them. */
  knots(): Clock['times'] {
    const seconds = Float64Array.from(this.times.subarray(0, this.frames), (time) => this.seconds(time));
    return knotsThrough([...seconds, this.seconds(this.last)]);
  }

  private seconds(time: number): number {
    const [ticks, perSecond] = this.header?.timeBase ?? [NaN, NaN];
    return (time * ticks) / perSecond;
  }
}
