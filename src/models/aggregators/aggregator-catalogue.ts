import type { AggregatorType } from '../../config/aggregator-facts.js';
import type { AggregatorOptions } from '../../config/sections/aggregator-section.js';
import type { Aggregator } from './aggregator.js';
import { arpAggregator } from './arp.js';
import { bowAggregator } from './bow.js';
import { fisherAggregator } from './fisher.js';
import { joined } from './joined.js';
import { maxAggregator } from './max.js';
import { meanAggregator } from './mean.js';
import { rankAggregator } from './rank/rank.js';
import { softbowAggregator } from './softbow.js';
import { vladAggregator } from './vlad.js';

type Options<Type extends AggregatorType> = Extract<AggregatorOptions, { type: Type }>;

/** The builder of each aggregator; its facts stand in `config/aggregator-facts.ts`. */
const builders: { readonly [Type in AggregatorType]: (channels: number, options: Options<Type>) => Aggregator } = {
  mean: meanAggregator,
  max: maxAggregator,
  rank: rankAggregator,
  arp: (channels, { weights }) => arpAggregator(channels, weights),
  softbow: softbowAggregator,
  bow: bowAggregator,
  vlad: vladAggregator,
  fisher: fisherAggregator,
};

/**
 * The aggregator that a configuration names, for features of D = `channels` channels. It holds no values: its
 * parameters are described, not made.
 */
export function buildAggregator(options: AggregatorOptions, channels: number): Aggregator {
  const build = builders[options.type] as (channels: number, options: AggregatorOptions) => Aggregator;
  const own = build(channels, options);
  return options.type !== 'mean' && options.withMean ? joined(own, meanAggregator(channels)) : own;
}
