import type { Aggregator, FeatureRows, ParameterValues } from './aggregator.js';

/** Joins the results of two aggregators of the same rows. Only the first may have parameters. */
export function joined(first: Aggregator, second: Aggregator): Aggregator {
  if (second.parameters.length > 0) throw new Error('only the first of joined aggregators may have parameters');
  return {
    ...first,
    channels: first.channels + second.channels,
    aggregate(rows: FeatureRows, values: ParameterValues) {
      const [a, b] = [first.aggregate(rows, values), second.aggregate(rows, {})];
      const value = new Float64Array(first.channels + second.channels);
      value.set(a.value);
      value.set(b.value, first.channels);
      return {
        value,
        backward(dValue) {
          const own = a.backward(dValue.subarray(0, first.channels));
          const other = b.backward(dValue.subarray(first.channels));
          return { rows: own.rows.map((d, i) => d + other.rows[i]!), parameters: own.parameters };
        },
      };
    },
  };
}
