import { headFacts } from '../../config/head-facts.js';
import type { Config } from '../../config/schema.js';
import type { StageName } from '../../config/stages.js';
import { isOutOfMemory } from '../../engine/out-of-memory.js';
import { WorkError } from '../../system/errors.js';

/** Runs a step; where it does not fit into memory, throws a {@link WorkError} that says which key makes it fit. */
export function withinMemory<T>(
  config: Config,
  stage: StageName,
  { items, shape }: { items: number; shape: string },
  step: () => T,
): T {
  try {
    return step();
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    throw new WorkError(
      `${stage}: out of memory with ${items} × ${shape} through the network at once. ` +
        lessMemory(config, stage, items),
    );
  }
}

/** Which key makes a step of a stage smaller, where `items` videos or clips go through the network at once. */
export function lessMemory({ joint, model }: Config, stage: StageName, items: number): string {
  if (stage === 'segments') return 'Set head.views lower.';
  if (items > 1) return `Set ${stage}.microBatch=${Math.floor(items / 2)}.`;
  if (stage === 'joint' && joint.gradient === 'tape') return 'Set joint.gradient=chunked.';
  if (stage === 'joint' && joint.chunk > 1) return `Set joint.chunk=${Math.floor(joint.chunk / 2)}.`;
  if (stage === 'head') return headFacts[model.type].lessMemory;
  return 'Choose smaller frames (full.size, pretrain.size) or a smaller encoder (encoder.type, encoder.width).';
}
