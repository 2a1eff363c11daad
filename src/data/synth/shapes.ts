import { modulo } from './modulo.js';

/** Red, green and blue, 0-255. */
export type Colour = readonly [number, number, number];

/** An RGB picture `[height, width, 3]`, one byte per channel. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** The place of a shape: centre and half extent in pixels, tilt in radians. */
export interface Placement {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly tilt: number;
}

export const shapeKinds = ['disc', 'square', 'triangle', 'ring', 'cross'] as const;

export type ShapeKind = (typeof shapeKinds)[number];

/** Signed distance to a shape's edge, in units of its radius; negative inside. */
const distances: Readonly<Record<ShapeKind, (u: number, v: number) => number>> = {
  // Math.hypot would be ten times slower.
  disc: (u, v) => Math.sqrt(u * u + v * v) - 0.95,
  square: (u, v) => Math.max(Math.abs(u), Math.abs(v)) - 0.75,
  triangle: (u, v) => Math.max(0.866 * Math.abs(u) + 0.5 * v, -v) - 0.5,
  ring: (u, v) => Math.abs(Math.sqrt(u * u + v * v) - 0.7) - 0.25,
  cross: (u, v) => {
    const [a, b] = [Math.abs(u), Math.abs(v)];
    return Math.max(Math.max(a, b) - 0.9, Math.min(a, b) - 0.3);
  },
};

/** Draws a shape with soft edges over `picture`; the parts outside are cut off. */
export function drawShape(picture: Picture, kind: ShapeKind, colour: Colour, at: Placement): void {
  const { width, height, pixels } = picture;
  const distance = distances[kind];
  const [red, green, blue] = colour;
  const cos = Math.cos(at.tilt) / at.radius;
  const sin = Math.sin(at.tilt) / at.radius;
  const reach = at.radius + 1;
  const [left, right] = [Math.max(0, Math.ceil(at.x - reach)), Math.min(width - 1, Math.floor(at.x + reach))];
  const [top, bottom] = [Math.max(0, Math.ceil(at.y - reach)), Math.min(height - 1, Math.floor(at.y + reach))];
  for (let y = top; y <= bottom; y++) {
    const dy = y - at.y;
    for (let x = left, i = 3 * (y * width + left); x <= right; x++, i += 3) {
      const dx = x - at.x;
      const cover = Math.min(1, 0.5 - distance(cos * dx + sin * dy, cos * dy - sin * dx) * at.radius);
      if (cover <= 0) continue;
      pixels[i] = pixels[i]! + cover * (red - pixels[i]!);
      pixels[i + 1] = pixels[i + 1]! + cover * (green - pixels[i + 1]!);
      pixels[i + 2] = pixels[i + 2]! + cover * (blue - pixels[i + 2]!);
    }
  }
}

/** Draws like {@link drawShape}, but parts that leave the picture appear at its opposite side. */
export function drawWrapped(picture: Picture, kind: ShapeKind, colour: Colour, at: Placement): void {
  const { width, height } = picture;
  const x = modulo(at.x, width);
  const y = modulo(at.y, height);
  for (const dx of [-width, 0, width])
    for (const dy of [-height, 0, height]) drawShape(picture, kind, colour, { ...at, x: x + dx, y: y + dy });
}

/** RGB from hue, saturation and value in [0, 1]. */
export function colourOf(hue: number, saturation: number, value: number): Colour {
  const channel = (n: number) => {
    const k = (n + 6 * hue) % 6;
    return Math.round(255 * value * (1 - saturation * Math.max(0, Math.min(k, 4 - k, 1))));
  };
  return [channel(5), channel(3), channel(1)];
}
