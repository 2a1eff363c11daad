import type { Config, Shape } from '../../config/schema.js';

/**
 * The shape of a step of the joint stage (LoFi §3.3): the list is gone through in order, a shape lasting `cycle.length`
 * epochs (long cycle) or batches counted over the whole run (short cycle).
 */
export function shapeAt(
  { shapes, cycle }: Pick<Config['joint'], 'shapes' | 'cycle'>,
  epoch: number,
  step: number,
): Shape {
  const position = cycle.unit === 'epoch' ? epoch : step;
  return shapes[Math.floor(position / cycle.length) % shapes.length]!;
}
