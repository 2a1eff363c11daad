import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { renderFrame } from '../../../src/data/synth/render.js';
import { motionNames, opposite, type MotionName } from '../../../src/data/synth/motions.js';
import { planClip, type Scene } from '../../../src/data/synth/scene.js';
import { randomStream } from '../../../src/engine/random.js';

// The purpose of the dataset: opposite actions can be distinguished only by the order of their
// frames. A nearest-neighbour classifier is given what a trained network would have to find, measured
// in the pixels of rendered clips.

const clipsPerClass = 160;
const framesPerClip = 8;
const paired = motionNames.filter((name) => opposite[name] !== name);
const pairs = paired.filter((name) => motionNames.indexOf(name) < motionNames.indexOf(opposite[name]));

/** The main shape as one frame shows it, in pixels. */
interface Sight {
  x: number;
  y: number;
  area: number;
}

interface Sample {
  label: MotionName;
  sights: Sight[];
  thumbnail: number[];
}

const samples = paired.flatMap((label) =>
  Array.from({ length: clipsPerClass }, (_, i): Sample => {
    const scene = planClip(label, randomStream(11, 'test', label, i));
    const stride = Math.round((0.2 * scene.fps[0]) / scene.fps[1]);
    const frames = Array.from({ length: framesPerClip }, (_, n) => renderFrame(scene, n * stride));
    return { label, sights: frames.map((frame) => sight(frame, scene)), thumbnail: shrink(frames[3]!, scene) };
  }),
);

describe('opposite actions', () => {
  test('are told apart by the order of frames', () => {
    assert.ok(accuracy(samples, (s) => motion(s.sights)) >= 0.9);
    for (const name of pairs) assert.ok(accuracy(pair(name), (s) => motion(s.sights)) >= 0.9, name);
  });

  test('are not told apart when the frames are shuffled', () => {
    const random = randomStream(11, 'shuffle');
    const shuffled = samples.map((s) => ({ ...s, sights: random.shuffled(s.sights) }));
    for (const name of pairs)
      atChance(
        `${name}, shuffled`,
        accuracy(pair(name, shuffled), (s) => motion(s.sights)),
      );
    for (const name of pairs)
      atChance(
        `${name}, as a set`,
        accuracy(pair(name), (s) => asSet(s.sights)),
      );
  });

  test('are not told apart by a single frame', () => {
    for (const name of pairs) {
      atChance(
        `${name}, place and size`,
        accuracy(pair(name), ({ sights: [, , , s] }) => [s!.x, s!.y, s!.area]),
      );
      atChance(
        `${name}, thumbnail`,
        accuracy(pair(name), (s) => s.thumbnail),
      );
    }
  });
});

/** 160 tests of a fair coin pass 0.65 once in ten thousand times. */
function atChance(name: string, value: number): void {
  assert.ok(value <= 0.65, `${name}: ${value}`);
}

function pair(name: MotionName, from = samples): Sample[] {
  return from.filter(({ label }) => label === name || label === opposite[name]);
}

/** Speed to the right, turn to the right, and growth, each the median of all steps. */
function motion(sights: Sight[]): number[] {
  const seen = sights.filter(({ area }) => area > 0);
  const steps = seen
    .slice(1)
    .map((b, i) => ({ dx: b.x - seen[i]!.x, dy: b.y - seen[i]!.y, a: seen[i]!.area, b: b.area }));
  const turns = steps.slice(1).map(({ dx, dy }, i) => steps[i]!.dx * dy - steps[i]!.dy * dx);
  const sines = turns.map((t, i) => t / (1 + Math.hypot(steps[i]!.dx, steps[i]!.dy) ** 2));
  return [median(steps.map(({ dx }) => dx / 10)), median(sines), median(steps.map(({ a, b }) => 2 * Math.log(b / a)))];
}

/** The information in the frames without their order: mean and deviation of each number. */
function asSet(sights: Sight[]): number[] {
  return (['x', 'y', 'area'] as const).flatMap((key) => meanAndSpread(sights.map((s) => s[key])));
}

/** Finds the main shape by its colour, which nothing else resembles. */
function sight(frame: Uint8Array, { width, colour }: Scene): Sight {
  let [x, y, area] = [0, 0, 0];
  for (let i = 0; i < frame.length; i += 3) {
    const off = Math.max(...colour.map((c, k) => Math.abs(c - frame[i + k]!)));
    if (off > 40) continue;
    x += (i / 3) % width;
    y += Math.floor(i / 3 / width);
    area++;
  }
  return { x: x / Math.max(area, 1), y: y / Math.max(area, 1), area };
}

/** The picture reduced to 8×6 mean colours. */
function shrink(frame: Uint8Array, { width, height }: Scene): number[] {
  const small = new Array<number>(8 * 6 * 3).fill(0);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++) {
        const cell = Math.floor((y * 6) / height) * 8 + Math.floor((x * 8) / width);
        small[3 * cell + c]! += frame[3 * (y * width + x) + c]! / 255;
      }
  return small;
}

/** The share of odd samples for whose label most of their 9 nearest even samples vote. */
function accuracy(of: Sample[], features: (sample: Sample) => number[]): number {
  const raw = of.map(features);
  const scale = raw[0]!.map((_, k) => meanAndSpread(raw.map((row) => row[k]!))[1]);
  const points = raw.map((row) => row.map((value, k) => value / scale[k]!));
  const known = of.map((_, i) => i).filter((i) => i % 2 === 0);
  const asked = of.map((_, i) => i).filter((i) => i % 2 === 1);
  const right = asked.filter((i) => {
    const nearest = known
      .map((j) => ({ label: of[j]!.label, d: points[i]!.reduce((sum, v, k) => sum + (v - points[j]![k]!) ** 2, 0) }))
      .sort((a, b) => a.d - b.d)
      .slice(0, 9);
    const votes = new Map<MotionName, number>();
    for (const { label } of nearest) votes.set(label, (votes.get(label) ?? 0) + 1);
    return [...votes].sort((a, b) => b[1] - a[1])[0]![0] === of[i]!.label;
  });
  return right.length / asked.length;
}

function meanAndSpread(values: number[]): [number, number] {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return [mean, Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length)];
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
