import type { Parameters } from '../../models/parameters.js';
import { adamW } from './adamw.js';
import { alexnetSgd } from './alexnet-sgd.js';
import { adam, sgd, type Optimizer } from './optimizers.js';
import type { ParameterRules } from './parameter-rules.js';

/** The keys of a stage that choose its optimizer. */
export interface OptimizerOptions {
  optimizer: 'sgd' | 'adam' | 'adamw' | 'alexnet';
  /** Momentum of both kinds of SGD; 0 where the stage has no such key. */
  momentum?: number;
}

/** Makes an optimizer for parameters, which it updates by `rules`. */
export type MakeOptimizer = (parameters: Parameters, rules: ParameterRules) => Optimizer;

/** A factory of the optimizer that a stage's options name. */
export function optimizerOf({ optimizer, momentum = 0 }: OptimizerOptions): MakeOptimizer {
  switch (optimizer) {
    case 'sgd':
      return (parameters, rules) => sgd(parameters, rules, momentum);
    case 'alexnet':
      return (parameters, rules) => alexnetSgd(parameters, rules, momentum);
    case 'adam':
      return adam;
    case 'adamw':
      return adamW;
  }
}

/** The number of values that the optimizer stores for each trained value (0: SGD without momentum; 2: Adam). */
export function slotsPerParameter({ optimizer, momentum = 0 }: OptimizerOptions): number {
  if (optimizer === 'sgd') return momentum > 0 ? 1 : 0;
  return optimizer === 'alexnet' ? 1 : 2;
}
