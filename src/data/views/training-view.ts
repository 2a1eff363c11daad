import type { Config } from '../../config/schema.js';
import type { Random } from '../../engine/random.js';
import type { Size } from '../../video/probe.js';
import { drawColor } from '../frames/color.js';
import type { View } from './snippets.js';
import { videoTrainTransform } from './transform.js';

/** A video as training sees it, by chance: cut, mirrored (`data.flip`) and in other colours (`data.colorJitter`), all its frames alike. */
export function trainingView(
  { resize, flip, colorJitter }: Config['data'],
  source: Size,
  size: number,
  random: Random,
): View {
  const transform = videoTrainTransform(source, size, resize, { flip }, random);
  return { ...transform, color: drawColor(colorJitter, random) };
}
