import type { Random } from '../../engine/random.js';

/** A linear map of colours, 3×4 by rows, `[12]`: red, green and blue in 0..255 from red, green, blue and 1. */
export type ColorTransform = readonly number[];

/** Weights of red, green and blue in luma (ITU-R BT.601). */
const luma = [0.299, 0.587, 0.114] as const;

/**
 * Draws a change of brightness, contrast (around middle grey) and saturation, each by a factor in `1 ± strength`, for
 * all frames of a sample. With `strength` 0 nothing is drawn and the result is undefined.
 */
export function drawColor(strength: number, random: Random): ColorTransform | undefined {
  if (strength === 0) return undefined;
  const factor = () => 1 + strength * (2 * random.uniform() - 1);
  const [brightness, contrast, saturation] = [factor(), factor(), factor()];
  const scale = brightness * contrast;
  const offset = 128 * (1 - contrast);
  return luma.flatMap((_, channel) => [
    ...luma.map((weight, from) => scale * ((channel === from ? saturation : 0) + (1 - saturation) * weight)),
    offset,
  ]);
}

/** Changes the colours of RGB bytes in place. */
export function recolor(bytes: Uint8Array, color: ColorTransform): void {
  const [rr, rg, rb, r1, gr, gg, gb, g1, br, bg, bb, b1] = color as Parameters12;
  const out = new Uint8ClampedArray(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let i = 0; i < out.length; i += 3) {
    const [r, g, b] = [out[i]!, out[i + 1]!, out[i + 2]!];
    out[i] = rr * r + rg * g + rb * b + r1;
    out[i + 1] = gr * r + gg * g + gb * b + g1;
    out[i + 2] = br * r + bg * g + bb * b + b1;
  }
}

// prettier-ignore
type Parameters12 = [number, number, number, number, number, number, number, number, number, number, number, number];
