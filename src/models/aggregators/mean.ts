import type { Aggregator } from './aggregator.js';

/** The mean over time, `[D]`. */
export function meanAggregator(channels: number): Aggregator {
  return {
    parameters: [],
    channels,
    aggregate({ data, count }) {
      const value = new Float64Array(channels);
      for (let i = 0; i < data.length; i++) value[i % channels]! += data[i]!;
      return {
        value: value.map((sum) => sum / count),
        backward: (dValue) => ({
          rows: Float64Array.from(data, (_, i) => dValue[i % channels]! / count),
          parameters: {},
        }),
      };
    },
  };
}
