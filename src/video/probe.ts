import { WorkError } from '../system/errors.js';
import type { Clock } from './clock.js';
import { lacksEnd, readContainer, type Container } from './container.js';
import { FrameTimes } from './frame-times.js';
import { framecrc, readFramecrc, readPackets } from './framecrc.js';
import { Keyframes } from './keyframes.js';
import { inputFile, runFfmpeg, videoStream, type FfmpegEnd } from './process.js';
import { hasIndex, planReads, seekOptions, shownNumber, type Seek, type Timing } from './seek.js';

/** Width and height in pixels, as shown: after rotation, and with pixels made square. */
export interface Size {
  width: number;
  height: number;
}

/** The properties of a video file, found by decoding it. */
export interface VideoInfo extends Size, Clock {
  /** Which of several video streams is read, see {@link Container.stream}; absent: the first. */
  stream?: number;
  /** Present only where seeking saves time and gives the same frames as one pass. */
  seek?: Seek;
  /**
   * Greatest difference in seconds between the time of a frame i and i / fps, if it is more than half a
   * frame: a variable frame rate.
   */
  drift?: number;
  /**
   * What is wrong with the file, in one line: the errors that ffmpeg reported, and whether its end is missing. Frames
   * that ffmpeg repaired count as decoded.
   */
  damage?: string;
}

/**
 * Ticks per second such that a frame at any usual rate (12, 25, 30, 24000/1001, 60000/1001,
 * …) is a whole number of ticks.
 */
const timeBase = '1/1440000';
/** Videos with fewer frames are always read in one pass. */
const leastFrames = 1000;
/**
 * The last of every this many frames is hashed, to be compared with what a seek gives. It is prime, so that these
 * frames lie anywhere between keyframes.
 */
const sampled = 97;
/** Number of frames that are compared. */
const compared = 3;

/**
 * Decodes a whole video and counts its frames, because containers may be wrong about frames and duration.
 *
 * @throws WorkError naming the file when it is missing, broken, or has no video stream.
 */
export async function probe(file: string): Promise<VideoInfo> {
  const container = await readContainer(file);
  const { stream } = container;
  let seen = await decodeAll(file, stream, { clock: true, index: hasIndex(file) });
  // Errors may come from packets that are only listed for seeking. They must not count against the frames.
  if (seen.listed && (!seen.end.ok || seen.end.errors > 0)) seen = await decodeAll(file, stream, { clock: true });
  // Another stream may be so broken that it cannot even be passed on.
  if (!seen.end.ok) seen = await decodeAll(file, stream);

  const { end, frames, listed } = seen;
  if (!end.ok) {
    const reason = end.reason.includes('matches no streams') ? 'it has no video stream' : end.reason || 'ffmpeg failed';
    throw new WorkError(`not a readable video: ${file}: ${reason}`);
  }
  const clock = frames.clock();
  if (!clock) throw new WorkError(`not a readable video: ${file}: ${end.reason || 'no frame can be decoded'}`);
  const info: VideoInfo = { ...clock, ...frames.size(), ...(stream > 0 && { stream }) };

  const { fps } = clock;
  const drift = frames.drift(fps);
  if (drift > 0.5 / fps) Object.assign(info, { drift, times: frames.knots() });
  const damage = [...complaints(end), ...(await missingEnd(file, clock, container))].join('; ');
  if (damage !== '') info.damage = damage;
  else if (listed && clock.frames >= leastFrames && drift < 0.25 / fps) {
    const seek = { start: frames.start, gap: listed.keyframes.gap() };
    if (await seeksAreExact(file, stream, { fps, seek }, listed)) info.seek = seek;
  }
  return info;
}

function complaints({ errors, reason }: FfmpegEnd): string[] {
  return errors === 0 ? [] : [`${errors} ${errors === 1 ? 'error' : 'errors'} while decoding: ${reason}`];
}

/** Seconds, and share of the whole, by which a container may promise more than there is: most round or guess. */
const promised = { seconds: 1, share: 0.02 };

/** Says how much is missing where a file ends before its container says; nothing where it does not. */
async function missingEnd(file: string, clock: Clock, { end = 0 }: Container): Promise<string[]> {
  const upTo = `it has ${clock.frames} frames up to ${rounded(clock.duration)} s`;
  const tolerated = Math.max(promised.seconds, promised.share * end);
  // Sound or subtitles may be longer than the picture.
  if (end - clock.duration > tolerated) {
    const last = await lastPacket(file);
    if (last > 0 && end - last > tolerated) return [`it ends early: ${upTo}, and its container says ${rounded(end)} s`];
  }
  return lacksEnd(file) ? [`its end is missing: ${upTo}`] : [];
}

/** Second at which the last packet of any stream ends; 0 where packets cannot be listed. */
async function lastPacket(file: string): Promise<number> {
  let last = 0;
  await runFfmpeg(
    [...inputFile(file), '-map', '0', '-ignore_unknown', '-c', 'copy', ...framecrc(1)],
    readPackets((end) => (last = Math.max(last, end))),
  );
  return last;
}

function rounded(seconds: number): string {
  return String(Math.round(seconds * 100) / 100);
}

/** The lists that are made besides the frames, for a video in which seeking may work. */
interface Listed {
  keyframes: Keyframes;
  /** Hashes of the pixels of every {@link sampled}th frame. */
  hashes: string[];
}

/**
 * Decodes the whole video in one pass.
 *
 * @param also - `clock`: count time from the start of all streams. In formats whose time may jump (MPEG, Ogg, FLV)
 * ffmpeg counts it from the start of those that are used, so the others are used for nothing. `index`: make the lists
 * for seeking.
 */
async function decodeAll(
  file: string,
  stream: number,
  also: { clock?: boolean; index?: boolean } = {},
): Promise<{ end: FfmpegEnd; frames: FrameTimes; listed: Listed | undefined }> {
  const frames = new FrameTimes();
  const listed = also.index ? { keyframes: new Keyframes(), hashes: [] as string[] } : undefined;
  const video = everyFrame(stream);
  const outputs = [...video, '-enc_time_base', timeBase, '-c:v', 'wrapped_avframe', ...framecrc(1)];
  const receivers = [
    readFramecrc((row, header) => {
      frames.add(row, header);
    }),
  ];
  if (listed) {
    outputs.push('-map', videoStream(stream), '-c:v', 'copy', ...framecrc(3));
    outputs.push(...video, ...hashed(`eq(mod(n,${sampled}),${sampled - 1})`), ...framecrc(4));
    receivers.push(
      readFramecrc(({ keyframe }) => {
        listed.keyframes.add(keyframe);
      }),
      readFramecrc(({ hash }) => listed.hashes.push(hash)),
    );
  }
  if (also.clock) outputs.push('-map', '0', '-ignore_unknown', '-c', 'copy', '-frames', '1', '-f', 'null', '-');
  const end = await runFfmpeg([...inputFile(file), ...outputs], receivers);
  return { end, frames, listed };
}

/** Outputs every decoded frame; none is repeated or dropped for the sake of a constant rate. */
const everyFrame = (stream: number) => ['-map', videoStream(stream), '-fps_mode', 'passthrough'];

/** Outputs the pixels of some frames. Elsewhere wrapped_avframe passes frames on without copying their pixels. */
function hashed(select: string): string[] {
  return ['-vf', `select='${select}'`, '-c:v', 'rawvideo'];
}

/**
 * Whether seeking saves time and gives the same frames as the one pass, without errors, since indices and marks
 * of keyframes may be wrong. The frames compared are those that come soonest after the keyframe that the seek
 * finds, where an error shows first.
 */
async function seeksAreExact(
  file: string,
  stream: number,
  timing: Timing,
  { keyframes, hashes }: Listed,
): Promise<boolean> {
  const samples = hashes
    .map((hash, place) => ({ hash, frame: (place + 1) * sampled - 1 }))
    .map((sample) => ({ ...sample, at: planReads([sample.frame], timing)[0]!.at }))
    .filter((sample): sample is typeof sample & { at: number } => sample.at !== undefined)
    .map((sample) => ({ ...sample, run: keyframes.runTo((sample.at - timing.seek!.start) * timing.fps) }))
    .sort((a, b) => a.run - b.run)
    .slice(0, compared);
  for (const { hash, frame, at } of samples) {
    const found: string[] = [];
    const { ok, errors } = await runFfmpeg(
      // prettier-ignore
      [
        '-threads', '1', ...seekOptions(at), ...inputFile(file), ...everyFrame(stream),
        ...hashed(`eq(${shownNumber(timing, at)},${frame})`), '-frames:v', '1', ...framecrc(1),
      ],
      readFramecrc(({ hash }) => found.push(hash)),
    );
    if (!ok || errors > 0 || found[0] !== hash) return false;
  }
  return samples.length > 0;
}
