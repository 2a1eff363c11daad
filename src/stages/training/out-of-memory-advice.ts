import { isOutOfMemory } from '../../engine/out-of-memory.js';
import type { Config } from '../../config/schema.js';
import type { TrainedStage } from '../../checkpoints/run-store.js';
import { WorkError } from '../../system/errors.js';

/** Runs a step; where it does not fit into memory, throws a {@link WorkError} that says which key makes it fit. */
export function withinMemory<T>(
  config: Config,
  stage: TrainedStage,
  { items, shape }: { items: number; shape: string },
  step: () => T,
): T {
  try {
    return step();
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    throw new WorkError(
      `${stage}: out of memory with ${items} × ${shape} through the network at once. ${lessMemory(config, stage, items)}`,
    );
  }
}

/** Which key makes a step of a stage smaller, where `items` videos or clips go through the network at once. */
export function lessMemory({ joint }: Config, stage: TrainedStage, items: number): string {
  if (items > 1) return `Set ${stage}.microBatch=${Math.floor(items / 2)}.`;
  if (stage === 'joint' && joint.gradient === 'tape') return 'Set joint.gradient=chunked.';
  if (stage === 'joint' && joint.chunk > 1) return `Set joint.chunk=${Math.floor(joint.chunk / 2)}.`;
  if (stage === 'head') return 'Set model.h3 lower, or model.window to fewer snippets.';
  return 'Choose smaller frames (full.size, pretrain.size) or a smaller encoder (encoder.type, encoder.width).';
}
