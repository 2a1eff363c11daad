import type { Random } from '../../engine/random.js';
import type { FrameTransform } from '../../video/decode.js';
import type { Size } from '../../video/probe.js';

/**
 * How frames become squares. 'crop': the short side is scaled and a square is cut out; 'squash': the whole
 * frame is scaled to a square.
 */
export type Resize = 'crop' | 'squash';

/**
 * The size before cropping: 256 for a crop of 224, as usual, and in proportion for other sizes, so that every
 * fidelity has the same field of view.
 */
function beforeCrop(size: number): number {
  return Math.round((size * 256) / 224);
}

/** The size of the frame when its short side is scaled to `short` pixels. */
export function scaleShortSide({ width, height }: Size, short: number): [width: number, height: number] {
  return width <= height
    ? [short, Math.round((height * short) / width)]
    : [Math.round((width * short) / height), short];
}

/**
 * The transform for evaluation, without randomness: the centre crop, or the whole frame. `size` is the
 * side of the result in pixels.
 */
export function evalTransform(source: Size, size: number, resize: Resize): FrameTransform {
  if (resize === 'squash') return { scale: [size, size], crop: { x: 0, y: 0, width: size, height: size }, flip: false };
  const scale = scaleShortSide(source, beforeCrop(size));
  const [x, y] = [(scale[0] - size) >> 1, (scale[1] - size) >> 1];
  return { scale, crop: { x, y, width: size, height: size }, flip: false };
}

/**
 * The five crops of AlexNet's test (Krizhevsky et al. 2012, §4.1; docs/method.md §15.3): of the square from whose
 * middle {@link evalTransform} cuts, which is 256 pixels wide for a `size` of 224, the corners at the top left, top
 * right, bottom left and bottom right, and the centre. With 'squash' that square is the whole frame.
 */
export function cornerTransforms(source: Size, size: number, resize: Resize): FrameTransform[] {
  const before = beforeCrop(size);
  const scale = resize === 'squash' ? ([before, before] as const) : scaleShortSide(source, before);
  const [left, top] = [(scale[0] - before) >> 1, (scale[1] - before) >> 1];
  const room = before - size;
  return [
    [0, 0],
    [room, 0],
    [0, room],
    [room, room],
    [room >> 1, room >> 1],
  ].map(([x, y]) => ({ scale, crop: { x: left + x!, y: top + y!, width: size, height: size }, flip: false }));
}

/**
 * A random transform for training, one for all frames of a video: a random crop, mirrored
 * at random if `flip` allows it.
 */
export function videoTrainTransform(
  source: Size,
  size: number,
  resize: Resize,
  { flip }: { flip: boolean },
  random: Random,
): FrameTransform {
  const before = beforeCrop(size);
  const scale = resize === 'squash' ? ([before, before] as const) : scaleShortSide(source, before);
  const x = random.below(scale[0] - size + 1);
  const y = random.below(scale[1] - size + 1);
  return { scale, crop: { x, y, width: size, height: size }, flip: flip && random.uniform() < 0.5 };
}

/**
 * TSM's multi-scale crop (GroupMultiScaleCrop with its 13 fixed places; docs/method.md §4.2). Width and height of the
 * crop are each the short side times one of `scales` (descending), at most one step apart in that list; the crop is
 * scaled to a square of `size` pixels.
 */
export function clipTrainTransform(
  source: Size,
  size: number,
  { flip, scales }: { flip: boolean; scales: readonly number[] },
  random: Random,
): FrameTransform {
  const short = Math.min(source.width, source.height);
  const sides = scales.map((scale) => Math.max(1, Math.floor(short * scale)));
  const pairs = sides.flatMap((height, i) =>
    sides.filter((_, j) => Math.abs(i - j) <= 1).map((width) => ({ width, height })),
  );
  const crop = random.pick(pairs);
  const [column, row] = random.pick(places);
  // ffmpeg scales before it crops, so the place of the crop is given in scaled pixels.
  const scale = [
    Math.max(size, Math.round((source.width * size) / crop.width)),
    Math.max(size, Math.round((source.height * size) / crop.height)),
  ] as const;
  const x = Math.floor(((scale[0] - size) * column) / 4);
  const y = Math.floor(((scale[1] - size) * row) / 4);
  return { scale, crop: { x, y, width: size, height: size }, flip: flip && random.uniform() < 0.5 };
}

/**
 * Places of the crop in fourths of the remaining room: corners, centre, middles of the sides,
 * and centres of the quarters.
 */
// prettier-ignore
const places = [
  [0, 0], [4, 0], [0, 4], [4, 4], [2, 2],
  [0, 2], [4, 2], [2, 4], [2, 0],
  [1, 1], [3, 1], [1, 3], [3, 3],
] as const;
