import type { Random } from '../../engine/random.js';
import { planBackdrop, type Backdrop } from './backdrop.js';
import { act, opposite, rest, startingPose, type MotionName, type Pose, type MotionArea } from './motions.js';
import { colourOf, shapeKinds, type Colour, type ShapeKind } from './shapes.js';

/** One action: its motion begins at the time of frame `start` and ends at that of frame `end`. */
export interface SceneInstance {
  /** Frame index. */
  readonly start: number;
  /** Frame index, below the number of frames. */
  readonly end: number;
  readonly label: MotionName;
}

/** Everything that is needed to draw a video. */
export interface Scene {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** Frames per second as a fraction. */
  readonly fps: readonly [number, number];
  readonly shape: ShapeKind;
  readonly colour: Colour;
  /** Tilt of the main shape in radians. */
  readonly tilt: number;
  /** One pose of the main shape for each frame. */
  readonly poses: readonly Pose[];
  /** In chronological order. */
  readonly instances: readonly SceneInstance[];
  readonly backdrop: Backdrop;
}

type Shot = Omit<Scene, 'poses' | 'instances'>;

const sizes: readonly (readonly [number, number])[] = [
  [128, 96],
  [144, 108],
  [160, 120],
  [120, 160],
];
const rates: readonly (readonly [number, number])[] = [
  [10, 1],
  [12, 1],
  [15, 1],
  [24000, 1001],
];

/**
 * Clips are cut out of an action of this many seconds at a random place, so that they may
 * begin at any phase of the motion.
 */
const clippedAction = 5;

/**
 * An untrimmed video of 20-60 s with 1-4 actions of 2.5-8 s, at least 1 s apart.
 *
 * Half of the videos are generated backwards, with the opposite of each action. Any property of an action's
 * frames that does not depend on their order is therefore as frequent in its opposite: only the order of
 * frames can tell the two apart.
 *
 * @param firstLabel - The label of the first instance, so that small datasets have every class too.
 * @param labels - The labels from which those of the other instances are drawn.
 * @param length - Factor on the length of the video, at least 1. The actions stay as many and as long.
 */
export function planVideo(firstLabel: MotionName, labels: readonly MotionName[], random: Random, length = 1): Scene {
  const shot = planShot(random);
  const stage = stageOf(shot);
  const frames = Math.round(length * random.between(20, 60) * stage.fps);
  const instances = planTimes(frames, stage.fps, random).map(([start, end], i) => ({
    start,
    end,
    label: i === 0 ? firstLabel : random.pick(labels),
  }));
  const backwards = random.uniform() < 0.5;
  const told = backwards ? reversed(instances, frames) : instances;

  const poses = [startingPose(stage, random)];
  const pose = () => poses[poses.length - 1]!;
  for (const { start, end, label } of told) {
    poses.push(...rest(pose(), start - (poses.length - 1), stage, random));
    poses.push(...act(label, pose(), end - start, stage, random));
  }
  poses.push(...rest(pose(), frames - poses.length, stage, random));
  return { ...shot, instances, poses: backwards ? poses.reverse() : poses };
}

/** A trimmed clip of 1.8-2.4 s from within an action, or of background motion alone. */
export function planClip(label: MotionName | 'background', random: Random): Scene {
  const shot = planShot(random);
  const stage = stageOf(shot);
  const frames = Math.round(random.between(1.8, 2.4) * stage.fps);
  const whole = Math.round(clippedAction * stage.fps);
  const start = startingPose(stage, random);
  const backwards = random.uniform() < 0.5;
  const poses =
    label === 'background'
      ? rest(start, whole, stage, random)
      : act(backwards ? opposite[label] : label, start, whole, stage, random);
  if (backwards) poses.reverse();
  const cut = random.below(whole - frames + 1);
  const instances = label === 'background' ? [] : [{ start: 0, end: frames - 1, label }];
  return { ...shot, instances, poses: poses.slice(cut, cut + frames) };
}

/** Random times of the instances in frames: the frames that no action needs are spread over the gaps. */
function planTimes(frames: number, fps: number, random: Random): [start: number, end: number][] {
  const [shortest, longest, gap] = [Math.ceil(2.5 * fps), Math.floor(8 * fps), Math.ceil(fps)];
  const count = 1 + random.below(4);
  let lengths: number[];
  let slack: number;
  do {
    lengths = Array.from({ length: count }, () => shortest + random.below(longest - shortest + 1));
    slack = frames - 1 - lengths.reduce((sum, n) => sum + n, 0) - gap * (count + 1);
  } while (slack < 0);
  const shifts = lengths.map(() => random.below(slack + 1)).sort((a, b) => a - b);
  let used = 0;
  return lengths.map((length, i) => {
    const start = used + gap * (i + 1) + shifts[i]!;
    used += length;
    return [start, start + length];
  });
}

function reversed(instances: readonly SceneInstance[], frames: number): SceneInstance[] {
  return instances
    .map(({ start, end, label }) => ({ start: frames - 1 - end, end: frames - 1 - start, label: opposite[label] }))
    .reverse();
}

function planShot(random: Random): Shot {
  const [width, height] = random.pick(sizes);
  return {
    width,
    height,
    fps: random.pick(rates),
    shape: random.pick(shapeKinds),
    colour: colourOf(random.uniform(), random.between(0.85, 1), random.between(0.85, 1)),
    tilt: random.between(0, 2 * Math.PI),
    backdrop: planBackdrop(width, height, random),
  };
}

function stageOf({ width, height, fps }: Shot): MotionArea {
  return { width, height, fps: fps[0] / fps[1] };
}
