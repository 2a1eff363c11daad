import { aggregatorFacts } from './aggregator-facts.js';
import { headFacts } from './head-facts.js';
import type { Config } from './schema.js';

/** The facts of a stage for configuration, store and commands. Its implementation is listed in `stages/pipeline.ts`. */
export interface StageFacts {
  readonly name: string;
  /** One line for the help of its command. */
  readonly describe: string;
  /** What later stages take from it. */
  readonly leaves: 'sequence' | 'encoder' | 'features' | 'classifier' | 'head';
  /** Whether the stage is part of the pipeline under a configuration. */
  readonly applies: (config: Config) => boolean;
  /** The sections of the configuration, whole or in part, that decide its result, besides `data`. */
  readonly dependsOn: (config: Config) => Partial<Config> | Record<string, unknown>;
}

/**
 * Whether a classifier of segments tells the classes of proposals: where the head gives no labels, or where the section
 * `segments` asks for one.
 */
export function classifiesSegments({ model, segments }: Pick<Config, 'model' | 'segments'>): boolean {
  return !headFacts[model.type].labels || stated({ segments }) !== null;
}

/** Whether stage 1 fits a codebook of the encoder to training videos. */
export function fitsCodebook({ encoder: { aggregator } }: Pick<Config, 'encoder'>): boolean {
  return aggregatorFacts(aggregator.type).codebook;
}

/** The section `segments` where it is not as it was before there was one. */
function stated({ segments }: Pick<Config, 'segments'>): Pick<Config, 'segments'> | null {
  return segments.aggregator || segments.classifier === 'lstm' ? { segments } : null;
}

const trainsEncoder = ({ data }: Config) => data.features === null;

/** The stages in the order in which they run. Hashes, summaries, reports and commands are derived from this list. */
export const stages = [
  {
    name: 'pretext',
    describe: 'Before stage 1: train an LSTM on video without labels',
    leaves: 'sequence',
    applies: ({ pretext }: Config) => pretext !== null,
    dependsOn: ({ seed, encoder, full, model: { window, lstm }, pretext }: Config) => ({
      ...{ seed, pretext },
      // Block and stride are those of the head's use of it.
      model: { lstm: { units: lstm.units, layers: lstm.layers }, ...(pretext?.data === 'features' && { window }) },
      ...(pretext?.data === 'features' && { encoder, full }),
    }),
  },
  {
    name: 'pretrain',
    describe: 'Stage 1: train the encoder on trimmed clips',
    leaves: 'encoder',
    applies: trainsEncoder,
    dependsOn: ({ seed, encoder, precision, pretrain, full }: Config) => ({
      ...{ seed, encoder, precision, pretrain },
      // Both are done at full fidelity.
      ...((pretrain.reestimate > 0 || fitsCodebook({ encoder })) && { full }),
    }),
  },
  {
    name: 'joint',
    describe: 'Stage 2: train encoder and head together at low fidelity (LoFi)',
    leaves: 'encoder',
    applies: trainsEncoder,
    dependsOn: ({ seed, encoder, precision, model, joint, full }: Config) => ({
      ...{ seed, encoder, precision, model, joint },
      // Windows of long videos are `full.snippets` long.
      ...((model.window || joint.reestimate > 0) && { full }),
    }),
  },
  {
    name: 'extract',
    describe: 'Stage 3a: compute features with the frozen encoder',
    leaves: 'features',
    applies: trainsEncoder,
    dependsOn: ({ seed, encoder, full }: Config) => ({ seed, encoder, full }),
  },
  {
    name: 'segments',
    describe: 'Stage 3b, first part: train the classifier that tells the classes of proposals',
    leaves: 'classifier',
    applies: classifiesSegments,
    dependsOn: (config: Config) => {
      const { seed, full, model, head } = config;
      const { window, lstm } = model;
      const sequence = config.segments.classifier === 'lstm' && { lstm: { units: lstm.units, layers: lstm.layers } };
      const { classifier, views } = head;
      return { seed, full, model: { window, ...sequence }, head: { classifier, views }, ...stated(config) };
    },
  },
  {
    name: 'head',
    describe: 'Stage 3b: train a fresh head on the features',
    leaves: 'head',
    applies: () => true,
    dependsOn: (config: Config) => {
      const { seed, full, model, head, detect, evaluation } = config;
      return { seed, full, model, head, detect, evaluation, ...stated(config) };
    },
  },
] as const satisfies readonly StageFacts[];

/** The name of a stage. */
export type StageName = (typeof stages)[number]['name'];

/** The names of all stages, in their order. */
export const stageNames: readonly StageName[] = stages.map(({ name }) => name);

/** The facts of a stage. */
export function stageFacts(name: StageName): StageFacts {
  return stages.find((stage) => stage.name === name)!;
}

/** The stages before another one that leave `leaves`, the nearest first. */
export function stagesBefore(name: StageName, leaves: StageFacts['leaves']): StageName[] {
  const before = stages.slice(0, stageNames.indexOf(name));
  return before
    .filter((stage) => stage.leaves === leaves)
    .map((stage) => stage.name)
    .reverse();
}

/** The stages that apply under a configuration, in their order. */
export function stagesOf({ config }: { config: Config }): StageName[] {
  return stageNames.filter((name) => stageFacts(name).applies(config));
}
