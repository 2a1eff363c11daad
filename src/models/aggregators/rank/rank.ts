import type { AggregatorOptions } from '../../../config/sections/aggregator-section.js';
import type { Aggregated, Aggregator, FeatureRows } from '../aggregator.js';
import { joined } from '../joined.js';
import { rankGradient } from './rank-gradient.js';
import { reversed, signedRoots, splitRoots, timeMeans, unitLengths, type ChangedRows } from './rank-inputs.js';
import { solveRank, type RankProblem } from './rank-problem.js';

/** The keys of rank pooling. */
export type RankOptions = Omit<Extract<AggregatorOptions, { type: 'rank' }>, 'type' | 'withMean'>;

/**
 * Rank pooling (Fernando & Gould, ICML 2016): the parameters u of the linear function that tells from a step's vector
 * when it is, as a description of how features move. Gradients go through the argmin. Steps are smoothed, rooted and
 * normalised first, as the keys say. `[T, D]` → `[D]`; twice that for `ser`, and again for both directions.
 */
export function rankAggregator(channels: number, options: RankOptions): Aggregator {
  const forward = oneDirection(channels, options);
  return options.direction === 'both' ? joined(forward, behind(reversed, forward)) : forward;
}

function oneDirection(channels: number, options: RankOptions): Aggregator {
  const { smoothing, nonlinearity, normalize, backward } = options;
  const changes = [
    ...(smoothing ? [timeMeans] : []),
    ...(nonlinearity === 'ssr' ? [signedRoots] : nonlinearity === 'ser' ? [splitRoots] : []),
    ...(normalize ? [unitLengths] : []),
  ];
  const pooling: Aggregator = {
    parameters: [],
    channels: nonlinearity === 'ser' ? 2 * channels : channels,
    aggregate(rows): Aggregated {
      const problem = rankProblem(rows, options);
      const solution = solveRank(problem);
      return {
        value: solution.u,
        backward: (dValue) => ({ rows: rankGradient(problem, solution, dValue, backward), parameters: {} }),
      };
    },
  };
  return changes.reduceRight((after, change) => behind(change, after), pooling);
}

/** The problem that rank pooling of these rows solves. */
function rankProblem(rows: FeatureRows, { targets, C, epsilon }: RankOptions): RankProblem {
  const tolerance = targets === 'normalised' ? epsilon / rows.count : epsilon;
  return { rows, targets: rankTargets(rows.count, targets), C, epsilon: tolerance };
}

/**
 * The numbers that T steps are fitted to. `index`: 1 … T; `centred`: t - (T + 1)/2, so that no mean appearance is
 * fitted; `normalised`: (2t - T - 1)/T, with ε divided by T, so that the result does not grow with T.
 */
export function rankTargets(steps: number, kind: RankOptions['targets']): Float64Array {
  return Float64Array.from({ length: steps }, (_, i) => {
    if (kind === 'index') return i + 1;
    return kind === 'centred' ? i + 1 - (steps + 1) / 2 : (2 * (i + 1) - steps - 1) / steps;
  });
}

/** An aggregator that sees changed rows. */
function behind(change: (rows: FeatureRows) => ChangedRows, aggregator: Aggregator): Aggregator {
  return {
    ...aggregator,
    aggregate(given, values) {
      const changed = change(given);
      const aggregated = aggregator.aggregate(changed.rows, values);
      return {
        value: aggregated.value,
        backward(dValue) {
          const gradient = aggregated.backward(dValue);
          return { ...gradient, rows: changed.back(gradient.rows) };
        },
      };
    },
  };
}
