import type { Random } from '../../engine/random.js';
import { modulo } from './modulo.js';
import { colourOf, drawWrapped, shapeKinds, type Colour, type Picture, type ShapeKind } from './shapes.js';

/** Clutter that tells nothing about the action: a texture that drifts steadily, and shapes that float over it. */
export interface Backdrop {
  /** The texture; it repeats seamlessly in both directions, so that it can drift without end. */
  readonly texture: Picture;
  readonly drift: Drift;
  readonly floaters: readonly Floater[];
}

/** Position at time 0 in pixels, and velocity in pixels per second. */
interface Drift {
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
}

interface Floater extends Drift {
  readonly kind: ShapeKind;
  readonly colour: Colour;
  readonly radius: number;
  readonly tilt: number;
}

/** A random backdrop. Nothing in it has a preferred direction, which would favour one class of a pair. */
export function planBackdrop(width: number, height: number, random: Random): Backdrop {
  const texture = planTexture(width, height, random);
  const unit = Math.min(width, height);
  for (let n = 3 + random.below(4); n > 0; n--) {
    const { kind, colour, ...at } = planFloater(width, height, random);
    drawWrapped(texture, kind, colour, at);
  }
  const floaters = Array.from({ length: 1 + random.below(2) }, () => planFloater(width, height, random));
  return { texture, drift: planDrift(width, height, random.between(0.01, 0.05) * unit, random), floaters };
}

/** The backdrop at `seconds`, as a new picture. */
export function drawBackdrop({ texture, drift, floaters }: Backdrop, seconds: number): Picture {
  const { width, height } = texture;
  const pixels = new Uint8Array(width * height * 3);
  // The shift is in whole pixels, because blending would cost more than everything else.
  const left = modulo(Math.round(drift.x + drift.dx * seconds), width) * 3;
  const top = modulo(Math.round(drift.y + drift.dy * seconds), height);
  for (let y = 0; y < height; y++) {
    const source = ((y + top) % height) * width * 3;
    const row = y * width * 3;
    pixels.set(texture.pixels.subarray(source + left, source + width * 3), row);
    pixels.set(texture.pixels.subarray(source, source + left), row + width * 3 - left);
  }
  const picture = { width, height, pixels };
  for (const { kind, colour, radius, tilt, x, y, dx, dy } of floaters)
    drawWrapped(picture, kind, colour, { x: x + dx * seconds, y: y + dy * seconds, radius, tilt });
  return picture;
}

function planFloater(width: number, height: number, random: Random): Floater {
  const unit = Math.min(width, height);
  return {
    kind: random.pick(shapeKinds),
    colour: mutedColour(random),
    radius: random.between(0.06, 0.16) * unit,
    tilt: random.between(0, 2 * Math.PI),
    ...planDrift(width, height, random.between(0, 0.06) * unit, random),
  };
}

function planDrift(width: number, height: number, speed: number, random: Random): Drift {
  const heading = random.between(0, 2 * Math.PI);
  return {
    x: random.between(0, width),
    y: random.between(0, height),
    dx: speed * Math.cos(heading),
    dy: speed * Math.sin(heading),
  };
}

/** Noise of three octaves that blends two colours; each octave's lattice wraps around. */
function planTexture(width: number, height: number, random: Random): Picture {
  const [dark, light] = [mutedColour(random), mutedColour(random)];
  const octaves = [4, 8, 16].map((cells) => latticeNoise(width, height, cells, random));
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const blend = (4 * octaves[0]![i]! + 2 * octaves[1]![i]! + octaves[2]![i]!) / 7;
    for (let c = 0; c < 3; c++) pixels[3 * i + c] = dark[c]! + blend * (light[c]! - dark[c]!);
  }
  return { width, height, pixels };
}

function latticeNoise(width: number, height: number, cells: number, random: Random): Float32Array {
  const lattice = Float32Array.from({ length: cells * cells }, () => random.uniform());
  const noise = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const [v, above] = split((y * cells) / height);
    const below = (above + 1) % cells;
    for (let x = 0; x < width; x++) {
      const [u, left] = split((x * cells) / width);
      const right = (left + 1) % cells;
      const upper = mix(lattice[above * cells + left]!, lattice[above * cells + right]!, u);
      const lower = mix(lattice[below * cells + left]!, lattice[below * cells + right]!, u);
      noise[y * width + x] = mix(upper, lower, v);
    }
  }
  return noise;
}

/** The smoothed fraction and the whole part of a number. */
function split(a: number): [number, number] {
  const whole = Math.floor(a);
  const f = a - whole;
  return [f * f * (3 - 2 * f), whole];
}

function mix(a: number, b: number, t: number): number {
  return a + (b - a) * t;
}

function mutedColour(random: Random): Colour {
  return colourOf(random.uniform(), random.between(0.1, 0.45), random.between(0.15, 0.65));
}
