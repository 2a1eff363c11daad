import type { Config } from '../../config/schema.js';
import type { Random } from '../../engine/random.js';
import type { Size } from '../../video/probe.js';
import { drawColor } from '../frames/color.js';
import type { View } from './snippets.js';
import { videoTrainTransform } from './transform.js';

/**
 * A random view of a video for training: cropped, mirrored (`data.flip`) and recoloured (`data.colorJitter`), the same
 * for all its frames. The frames become squares of `size` pixels.
 */
export function trainingView(
  { resize, flip, colorJitter }: Config['data'],
  source: Size,
  size: number,
  random: Random,
): View {
  const transform = videoTrainTransform(source, size, resize, { flip }, random);
  return { ...transform, color: drawColor(colorJitter, random) };
}
