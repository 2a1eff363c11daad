import type { ParameterSpec } from '../parameters.js';
import type { Pass } from './layer.js';

/** Parameters under names that begin with `prefix`, for a model that contains several of the same kind. */
export function prefixedSpecs(specs: readonly ParameterSpec[], prefix: string): ParameterSpec[] {
  return specs.map((spec) => ({ ...spec, name: prefix + spec.name }));
}

/**
 * The pass of a part of a model whose parameters have been renamed by {@link prefixedSpecs}. The part goes on using
 * its own names; the parameters that it reads, and the statistics and means that it reports, have the prefix.
 */
export function prefixedPass(pass: Pass, prefix: string): Pass {
  const { parameters, onStatistics, onMean } = pass;
  return {
    ...pass,
    parameters: {
      get: (name) => parameters.get(prefix + name),
      has: (name) => parameters.has(prefix + name),
      variable: (name) => parameters.variable(prefix + name),
    },
    onStatistics(layer, statistics) {
      onStatistics?.(prefix + layer, statistics);
    },
    onMean(parameter, mean, items) {
      onMean?.(prefix + parameter, mean, items);
    },
  };
}
