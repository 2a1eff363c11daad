import { frameAt, secondsAt, shownSeconds, type Clock } from '../../video/clock.js';

/*
 * Heads count in fractions of the sequence of frames that they see. Where frames are taken by number, that sequence
 * is even in frames; at a rate of its own (`data.fps`) it is even in time. They differ at a variable rate only.
 */

/**
 * The second of a video at which a fraction of its sequence lies, on the clock of its container.
 *
 * @param rate - `data.fps`.
 */
export function secondsOf(video: Clock, rate: number | null, fraction: number): number {
  if (video.times && rate === null) return secondsAt(video, fraction * video.frames);
  return (video.start ?? 0) + fraction * shownSeconds(video);
}

/** The fraction of a video's sequence at a second; the inverse of {@link secondsOf}. */
export function fractionOf(video: Clock, rate: number | null, seconds: number): number {
  if (video.times && rate === null) return frameAt(video, seconds) / video.frames;
  return (seconds - (video.start ?? 0)) / shownSeconds(video);
}
