import type { Config } from '../../config/schema.js';
import { stageNames, type StageName } from '../../config/stages.js';
import { multipliesBfloat16 } from '../../engine/kernels/processor.js';
import { lessMemory } from '../training/out-of-memory-advice.js';
import { clipShapes } from './clip-shapes.js';
import type { Estimate } from './estimate.js';
import type { FeatureChannels } from './feature-channels.js';

/** What an estimate assumes, and what it leaves out: one sentence each. */
export function estimateNotes(config: Config, estimate: Estimate, { channels, assumed }: FeatureChannels): string[] {
  const { data, precision } = config;
  const notes = assumed === undefined ? [] : [assumed];
  if (estimate.pretrain ?? estimate.joint) {
    if (precision === 'auto') {
      const [here, does] = multipliesBfloat16() ? ['bfloat16', 'multiplies'] : ['float32', 'does not multiply'];
      notes.push(`The encoder is metered in ${here}: precision is auto, and this processor ${does} bfloat16.`);
    } else if (precision === 'bfloat16' && !multipliesBfloat16()) {
      notes.push(
        'The encoder is metered in bfloat16, which this processor does not multiply: training may be slow here.',
      );
    }
  }
  const frames = `decoded frames that are kept in memory, up to ${data.memoryGiB} GiB (data.memoryGiB); `;
  const features = `features of the training videos, ${(4 * channels) / 1000} kB a snippet and view`;
  notes.push(`Not counted: ${data.features === null ? frames : ''}${features}.`);
  return notes;
}

/** For each stage with a shape that takes more than is free, GiB, what to set. */
export function stagesTooLarge(config: Config, estimate: Estimate, available: number): string[] {
  return stageNames
    .filter((stage) => estimate[stage]?.shapes.some(({ peak_gib }) => peak_gib > available))
    .map((stage) => `${stage} does not fit. ${lessMemory(config, stage, itemsAtOnce(config, stage))}`);
}

/** The most videos, windows or clips that go through the network at once. */
function itemsAtOnce(config: Config, stage: StageName): number {
  if (stage === 'pretrain') return Math.max(...clipShapes(config).map(({ atOnce }) => atOnce));
  const options = stage === 'joint' || stage === 'head' || stage === 'pretext' ? config[stage] : null;
  if (options === null) return 1;
  const { batch, microBatch } = options;
  return Math.min(batch, microBatch ?? batch);
}
