import type { Aggregator } from './aggregator.js';

/**
 * The largest value of each channel over time, `[D]`. Steps that share the largest value share its gradient evenly;
 * after a ReLU zeros often do.
 */
export function maxAggregator(channels: number): Aggregator {
  return {
    parameters: [],
    channels,
    aggregate({ data }) {
      const value = new Float64Array(channels).fill(-Infinity);
      const ties = new Uint32Array(channels);
      for (let i = 0; i < data.length; i++) {
        const c = i % channels;
        if (data[i]! > value[c]!) [value[c], ties[c]] = [data[i]!, 1];
        else if (data[i] === value[c]) ties[c]!++;
      }
      return {
        value,
        backward: (dValue) => ({
          rows: Float64Array.from(data, (x, i) => {
            const c = i % channels;
            return x === value[c] ? dValue[c]! / ties[c]! : 0;
          }),
          parameters: {},
        }),
      };
    },
  };
}
