import type { Random } from '../../engine/random.js';
import { modulo } from './modulo.js';

/** The place of the main shape at the time of a frame, in pixels; y points down. */
export interface Pose {
  readonly x: number;
  readonly y: number;
  /** Half the shape's extent. */
  readonly radius: number;
}

/** The picture in which a motion takes place. */
export interface MotionArea {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** Frames per second. */
  readonly fps: number;
}

/** Computes the poses in the `frames` frames that follow `from`. */
type Motion = (from: Pose, frames: number, stage: MotionArea, random: Random) => Pose[];

/**
 * The action classes in order. A dataset of K classes has the first K; for even K up to 6 these
 * are whole pairs of opposites.
 */
export const motionNames = [
  'move-left',
  'move-right',
  'circle-clockwise',
  'circle-anticlockwise',
  'zoom-in',
  'zoom-out',
  'shake',
  'nod',
] as const;

export type MotionName = (typeof motionNames)[number];

/** The class that a motion becomes when it is played backwards. */
export const opposite: Readonly<Record<MotionName, MotionName>> = {
  'move-left': 'move-right',
  'move-right': 'move-left',
  'circle-clockwise': 'circle-anticlockwise',
  'circle-anticlockwise': 'circle-clockwise',
  'zoom-in': 'zoom-out',
  'zoom-out': 'zoom-in',
  shake: 'shake',
  nod: 'nod',
};

const motions: Readonly<Record<MotionName, Motion>> = {
  'move-left': sweep(-1),
  'move-right': sweep(1),
  'circle-clockwise': circle(1),
  'circle-anticlockwise': circle(-1),
  'zoom-in': zoom(1),
  'zoom-out': zoom(-1),
  shake: oscillate('x'),
  nod: oscillate('y'),
};

/**
 * The poses of the main shape performing `name`, in the `frames` frames after `from`. The last one
 * lies where the shape can rest.
 */
export function act(name: MotionName, from: Pose, frames: number, stage: MotionArea, random: Random): Pose[] {
  return motions[name](from, frames, stage, random);
}

/** The main shape between actions: it stands still or wanders slowly towards random places. */
export const rest: Motion = (from, frames, stage, random) => {
  const poses: Pose[] = [];
  let { x, y } = from;
  while (poses.length < frames) {
    const goal = restingPlace(stage, random);
    const speed = Math.max(0, random.between(-0.04, 0.06)) * Math.min(stage.width, stage.height);
    const distance = Math.hypot(goal.x - x, goal.y - y) || 1;
    const legs = Math.min(Math.round(random.between(0.8, 2) * stage.fps), frames - poses.length);
    for (let i = 0; i < legs; i++) {
      x += ((goal.x - x) / distance) * (speed / stage.fps);
      y += ((goal.y - y) / distance) * (speed / stage.fps);
      poses.push({ x, y, radius: from.radius });
    }
  }
  return poses;
};

/** A random pose inside the picture, with any size that zooming passes through. */
export function startingPose(stage: MotionArea, random: Random): Pose {
  const { smallest, largest } = radii(stage);
  return { ...restingPlace(stage, random), radius: smallest * (largest / smallest) ** random.uniform() };
}

function radii({ width, height }: MotionArea) {
  const unit = Math.min(width, height);
  return { smallest: 0.13 * unit, largest: 0.27 * unit };
}

function margin({ width, height }: MotionArea): number {
  return 0.18 * Math.min(width, height);
}

function restingPlace(stage: MotionArea, random: Random): { x: number; y: number } {
  const m = margin(stage);
  return { x: random.between(m, stage.width - m), y: random.between(m, stage.height - m) };
}

/** Moves across the picture, leaves it and comes in again at the other side. */
function sweep(sign: 1 | -1): Motion {
  return (from, frames, stage, random) => {
    const { width, fps } = stage;
    const low = -from.radius;
    const span = width + 2 * from.radius;
    const at = (i: number, step: number) => low + modulo(from.x - low + sign * step * i, span);
    let step: number;
    let end: number;
    do {
      step = (random.between(0.5, 0.85) * width) / fps;
      end = at(frames, step);
    } while (end < margin(stage) || end > width - margin(stage));
    return instants(frames, (i) => ({ ...from, x: at(i, step) }));
  };
}

/** Goes round a point that lies roughly towards the middle of the picture, so that the circle is in view. */
function circle(sign: 1 | -1): Motion {
  return (from, frames, { width, height, fps }, random) => {
    const orbit = random.between(0.2, 0.27) * Math.min(width, height);
    const inwards = Math.atan2(height / 2 - from.y, width / 2 - from.x) + random.between(-1, 1);
    const centre = { x: from.x + orbit * Math.cos(inwards), y: from.y + orbit * Math.sin(inwards) };
    const turn = (sign * 2 * Math.PI) / (random.between(1, 1.6) * fps);
    const start = inwards + Math.PI;
    return instants(frames, (i) => ({
      x: centre.x + orbit * Math.cos(start + turn * i),
      y: centre.y + orbit * Math.sin(start + turn * i),
      radius: from.radius,
    }));
  };
}

/** Grows (or shrinks) repeatedly at a constant rate, in whole cycles, so that it ends at its initial size. */
function zoom(sign: 1 | -1): Motion {
  return (from, frames, stage, random) => {
    const { smallest, largest } = radii(stage);
    const ratio = largest / smallest;
    const start = Math.log(from.radius / smallest) / Math.log(ratio);
    const cycles = Math.max(1, Math.round(frames / (random.between(1, 1.6) * stage.fps)));
    return instants(frames, (i) => ({
      ...from,
      radius: i === frames ? from.radius : smallest * ratio ** modulo(start + (sign * cycles * i) / frames, 1),
    }));
  };
}

/** Swings about its place, in whole cycles. */
function oscillate(axis: 'x' | 'y'): Motion {
  return (from, frames, { width, height, fps }, random) => {
    const reach = random.between(0.09, 0.13) * Math.min(width, height);
    const cycles = Math.round((random.between(1.6, 2.2) * frames) / fps);
    return instants(frames, (i) => ({
      ...from,
      [axis]: from[axis] + reach * Math.sin((2 * Math.PI * cycles * i) / frames),
    }));
  };
}

/** The poses of frames 1 to `frames`. */
function instants(frames: number, pose: (i: number) => Pose): Pose[] {
  return Array.from({ length: frames }, (_, i) => pose(i + 1));
}
