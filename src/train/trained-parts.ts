import type { Parameters as ModelParameters } from '../models/parameters.js';
import type { Owned } from '../system/owned.js';
import { ParameterAverage } from './average.js';
import type { MakeOptimizer } from './optimizers/optimizer-of.js';
import type { Optimizer } from './optimizers/optimizers.js';
import { withFactors, type ParameterRules } from './optimizers/parameter-rules.js';
import { StatisticsCollector } from './statistics.js';

/** A part of the model that a stage trains, with everything that changes in a step. */
export interface TrainedPart {
  parameters: ModelParameters;
  optimizer: Optimizer;
  /** Collects the batch statistics of a step's passes, and updates the running statistics once a step. */
  statistics: StatisticsCollector;
  /** The moving average of the parameters; null where none is kept. */
  average: ParameterAverage | null;
}

/** The keys of a training stage that its parts depend on. */
export interface PartOptions {
  lrFactors: Readonly<Record<string, number>>;
  /** Decay of the moving average; 0: none is kept. */
  ema: number;
}

/**
 * A part before training: its parameters, and the rules that they are updated by. Rules of frozen parameters are
 * ignored.
 */
export interface PlannedPart {
  parameters: ModelParameters;
  rules: ParameterRules;
}

/**
 * Makes the parts of a stage from its options.
 *
 * @param stage - The section of the configuration, for messages.
 * @throws UsageError when a key of `lrFactors` matches no trained parameter.
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

/** Exchanges the trained values and the averages of all parts that have one; a second call exchanges them back. */
export function swapAverages(parts: Readonly<Record<string, TrainedPart>>): void {
  for (const { average } of Object.values(parts)) average?.swap();
}

/**
 * Like {@link trainedParts}, but `owned` frees the optimizers, averages and statistics. It does not own the parameters.
 */
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

/** Frees the optimizers, averages and statistics of parts, but not the parameters, which belong to their maker. */
export function disposeParts(parts: Readonly<Record<string, TrainedPart>>): void {
  for (const { optimizer, average, statistics } of Object.values(parts)) {
    average?.dispose();
    optimizer.dispose();
    statistics.dispose();
  }
}
