/** A frame's number and the second at which it is shown. */
export type Knot = readonly [frame: number, seconds: number];

/**
 * When the frames of a video are shown. Seconds count from the start of the container, as players and subtitles count
 * them, even where the picture begins later than the sound.
 */
export interface Clock {
  /** Number of frames. */
  frames: number;
  /** Mean number of frames per second. */
  fps: number;
  /** Second at which the last frame ends. */
  duration: number;
  /** Second at which the first frame is shown; absent: 0. */
  start?: number;
  /**
   * Only of a variable frame rate: times of some frames, ascending, from `[0, start]` to `[frames, duration]`. Between
   * two of them the frames come evenly, to within {@link tolerance}.
   */
  times?: readonly Knot[];
}

/** The part of a clock that says when a frame is shown. */
export type FrameRate = Pick<Clock, 'fps' | 'start' | 'times'>;

/** Seconds by which a time read from {@link Clock.times} may differ from the frame's own. */
export const tolerance = 0.0005;

/** Seconds for which a video shows frames: from its first frame's start to its last frame's end. */
export function shownSeconds({ start = 0, duration }: Pick<Clock, 'start' | 'duration'>): number {
  return duration - start;
}

/**
 * The second at which a frame is shown. Between two frames, and beyond the ends, time goes on evenly.
 *
 * @param frame - A frame's number, or a place between two frames.
 * @example
 * secondsAt({ fps: 25, start: 5 }, 10) // 5.4
 */
export function secondsAt({ fps, start = 0, times }: FrameRate, frame: number): number {
  return times ? interpolated(times, frame, 0, 1) : start + frame / fps;
}

/**
 * The place among the frames that is shown at a second; the inverse of {@link secondsAt}.
 *
 * @returns A frame's number, usually with a fraction; below 0 before the first frame.
 * @example
 * frameAt({ fps: 25, start: 5 }, 5.4) // 10
 */
export function frameAt({ fps, start = 0, times }: FrameRate, seconds: number): number {
  return times ? interpolated(times, seconds, 1, 0) : (seconds - start) * fps;
}

/** Part of a frame by which a time may fall short of the frame's own: annotations and times are rounded. */
const almost = 0.05;

/**
 * The frame that belongs to an annotated second: at a constant rate the nearest, at a variable one, where a frame may
 * be shown for long, the one that is shown.
 */
export function frameOf(clock: FrameRate, seconds: number): number {
  const place = frameAt(clock, seconds);
  return clock.times ? Math.floor(place + almost) : Math.round(place);
}

/** Linear interpolation through knots whose coordinates both never decrease; the outer lines go on beyond the ends. */
function interpolated(knots: readonly Knot[], value: number, from: 0 | 1, to: 0 | 1): number {
  let [low, high] = [0, knots.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (knots[middle]![from] <= value) low = middle;
    else high = middle;
  }
  const [a, b] = [knots[low]!, knots[high]!];
  if (b[from] === a[from]) return b[to];
  return a[to] + ((value - a[from]) * (b[to] - a[to])) / (b[from] - a[from]);
}

/**
 * Knots through the times of all frames such that every frame in between is at most {@link tolerance} away from the
 * line: one line for each stretch of even frame rate.
 *
 * @param times - The time of each frame in seconds, then the last frame's end. A time before that of an earlier frame
 * counts as equal to it.
 */
export function knotsThrough(times: ArrayLike<number>): Knot[] {
  let [at, time, slow, fast] = [0, times[0]!, -Infinity, Infinity];
  let last = time;
  const knots: Knot[] = [[at, time]];
  for (let frame = 1; frame < times.length; frame++) {
    const next = Math.max(last, times[frame]!);
    const slope = (next - time) / (frame - at);
    if (slope < slow || slope > fast) {
      [at, time, slow, fast] = [frame - 1, last, -Infinity, Infinity];
      knots.push([at, time]);
    }
    slow = Math.max(slow, (next - tolerance - time) / (frame - at));
    fast = Math.min(fast, (next + tolerance - time) / (frame - at));
    last = next;
  }
  knots.push([times.length - 1, last]);
  return knots;
}
