import type { Config, Shape } from '../../config/schema.js';

/**
 * The shape of a step of the joint stage (docs/method.md §2.3). The list of shapes is repeated in order; each shape
 * lasts `cycle.length` epochs (long cycle), or `cycle.length` batches counted over the whole run (short cycle).
 *
 * @param epoch - Counts from 0, as `step` does.
 */
export function shapeAt(
  { shapes, cycle }: Pick<Config['joint'], 'shapes' | 'cycle'>,
  epoch: number,
  step: number,
): Shape {
  const position = cycle.unit === 'epoch' ? epoch : step;
  return shapes[Math.floor(position / cycle.length) % shapes.length]!;
}
