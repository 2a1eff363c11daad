import type { Config } from '../../config/schema.js';
import { batchNormGroups, multigridPlan, type BatchShape } from '../../train/schedule/multigrid.js';

/** A shape of the batches of stage 1, and how many of a batch's clips go through the network at once. */
export interface ClipShape extends BatchShape {
  atOnce: number;
}

/**
 * The shapes of stage 1 in the order in which training meets them: one, or those of multigrid's plan. Where clips of
 * one shape come in batches of several sizes, the largest counts.
 *
 * @throws UsageError where multigrid does not fit the stage's rate.
 */
export function clipShapes({ encoder, pretrain }: Pick<Config, 'encoder' | 'pretrain'>): ClipShape[] {
  const { size, batch, microBatch, multigrid } = pretrain;
  if (!multigrid) return [{ frames: encoder.frames, size, batch, atOnce: Math.min(batch, microBatch ?? batch) }];
  const { frames, stride } = encoder;
  const plan = multigridPlan(multigrid, { ...pretrain, frames, stride });
  const shapes = new Map<string, ClipShape>();
  for (const segment of plan.filter(({ epochs }) => epochs.to > epochs.from)) {
    for (const shape of segment.cycle) {
      const name = `${shape.frames}x${shape.size}`;
      const { batch = 0, atOnce = 0 } = shapes.get(name) ?? {};
      shapes.set(name, {
        ...shape,
        batch: Math.max(batch, shape.batch),
        atOnce: Math.max(atOnce, ...batchNormGroups(segment, shape.batch)),
      });
    }
  }
  return [...shapes.values()];
}
