import type { Parameters as ModelParameters } from '../models/parameters.js';
import type { Owned } from '../system/owned.js';
import { ParameterAverage } from './average.js';
import type { MakeOptimizer } from './optimizers/optimizer-of.js';
import type { Optimizer } from './optimizers/optimizers.js';
import { withFactors, type ParameterRules } from './optimizers/parameter-rules.js';
import { StatisticsCollector } from './statistics.js';

/** A part of what a stage trains, and all that changes with its steps. */
export interface TrainedPart {
  parameters: ModelParameters;
  optimizer: Optimizer;
  /** Takes what the passes of a step see; the running statistics move once a step. */
  statistics: StatisticsCollector;
  /** Null: none is kept. */
  average: ParameterAverage | null;
}

/** The keys of every stage that parts depend on. */
export interface PartOptions {
  lrFactors: Readonly<Record<string, number>>;
  /** Decay of the average; 0: none is kept. */
  ema: number;
}

/** A part before training: what its parameters are updated by. Frozen ones are left out of the rules here. */
export interface PlannedPart {
  parameters: ModelParameters;
  rules: ParameterRules;
}

/**
 * The parts of a stage from its options. Throws {@link UsageError} where `lrFactors` name nothing that is trained.
 *
 * @param stage - The section of the configuration, for messages.
 */
export function trainedParts<Name extends string>(
  stage: string,
  { lrFactors, ema }: PartOptions,
  planned: Record<Name, PlannedPart>,
  optimizer: MakeOptimizer,
): Record<Name, TrainedPart> {
  const names = Object.keys(planned) as Name[];
  const rules = withFactors(
    new Map(names.map((name) => [name, ofTrainable(planned[name])])),
    lrFactors,
    `${stage}.lrFactors`,
  );
  const part = (name: Name): TrainedPart => {
    const { parameters } = planned[name];
    return {
      parameters,
      optimizer: optimizer(parameters, rules.get(name)!),
      statistics: new StatisticsCollector(),
      average: ema > 0 ? new ParameterAverage(parameters, ema) : null,
    };
  };
  return Object.fromEntries(names.map((name) => [name, part(name)])) as Record<Name, TrainedPart>;
}

function ofTrainable({ parameters, rules }: PlannedPart): ParameterRules {
  const trainable = new Set(parameters.trainable());
  return new Map([...rules].filter(([name]) => trainable.has(name)));
}

/** Puts the parts' averages, where there are any, in the place of what is trained; or back. */
export function swapAverages(parts: Readonly<Record<string, TrainedPart>>): void {
  for (const { average } of Object.values(parts)) average?.swap();
}

/** {@link trainedParts} whose optimizers, averages and statistics belong to `owned`; parameters belong to their maker. */
export function ownedParts<Name extends string>(
  owned: Owned,
  ...args: Parameters<typeof trainedParts<Name>>
): Record<Name, TrainedPart> {
  const parts = trainedParts(...args);
  owned.add({
    [Symbol.dispose]() {
      disposeParts(parts);
    },
  });
  return parts;
}

/** Frees optimizers, averages and statistics of parts; their parameters belong to whoever made them. */
export function disposeParts(parts: Readonly<Record<string, TrainedPart>>): void {
  for (const { optimizer, average, statistics } of Object.values(parts)) {
    average?.dispose();
    optimizer.dispose();
    statistics.dispose();
  }
}
