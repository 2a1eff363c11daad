import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { randomStream } from '../../src/engine/random.js';
import type { Aggregator, FeatureRows, ParameterValues } from '../../src/models/aggregators/aggregator.js';
import { assertClose } from './numeric.js';

/** Normal rows `[count, channels]`, always the same for the same name. */
export function seededRows(count: number, channels: number, name: string): FeatureRows {
  const random = randomStream(7, 'rows', name);
  return { data: Float64Array.from({ length: count * channels }, () => random.normal()), count, channels };
}

/** Rows as they stand in a fixture. */
export function rowsOf(list: readonly (readonly number[])[]): FeatureRows {
  return { data: Float64Array.from(list.flat()), count: list.length, channels: list[0]!.length };
}

/** The golden values of `test/fixtures/aggregators.json`. */
export const goldenAggregators = JSON.parse(
  readFileSync(new URL('../fixtures/aggregators.json', import.meta.url), 'utf8'),
) as GoldenAggregators;

interface GoldenAggregators {
  rankPool: {
    V: number[][];
    g: number[];
    C: number;
    eps: number;
    cases: {
      targets: 'index' | 'centred';
      y: number[];
      u: number[];
      alpha: number[];
      residual: number[];
      active: boolean[];
      vjp_exact: number[][];
      vjp_diag: number[][];
    }[];
    inactiveCase: {
      V: number[][];
      y: number[];
      C: number;
      eps: number;
      u: number[];
      active: boolean[];
      vjp_ones: number[][];
    };
  };
  arp: Record<string, { timeMean: number[]; plain: number[] }>;
  softAgg: {
    F: number[][];
    codebook: number[][];
    logSigma: number[][];
    gamma: number;
    R: number[];
    gR: number[];
    dCodebook: number[][];
    dLogSigma: number[][];
    dGamma: number;
    dF: number[][];
  };
  classicAgg: {
    assign: number[];
    bow: number[];
    vladRaw: number[];
    vladNorm: number[];
    gmm: { weights: number[]; means: number[][]; var: number[][] };
    posterior: number[][];
    fvRaw: number[];
    fvNorm: number[];
  };
}

/**
 * Compares the gradients of the rows and of every trained parameter, of a random projection of the result, with central
 * differences in float64. The aggregator must be smooth within `step` of the values.
 *
 * @param tolerance - Of the largest error relative to the largest value of a gradient.
 */
export function checkGradients(
  aggregator: Aggregator,
  rows: FeatureRows,
  values: ParameterValues,
  { step = 1e-6, tolerance = 1e-6 } = {},
): void {
  const random = randomStream(7, 'projection');
  const projection = Float64Array.from({ length: aggregator.channels }, () => random.normal());
  const result = aggregator.aggregate(rows, values);
  assert.equal(result.value.length, aggregator.channels);
  const gradient = result.backward(projection);
  const differences = (at: Float64Array, projected: (moved: Float64Array) => Float64Array) =>
    at.map((x, i) => {
      const [above, below] = [step, -step].map((by) => {
        const moved = at.slice();
        moved[i] = x + by;
        return projected(moved);
      }) as [Float64Array, Float64Array];
      // Differences first, so that what does not change does not round.
      return above.reduce((sum, v, j) => sum + projection[j]! * (v - below[j]!), 0) / (2 * step);
    });
  assertClose(
    gradient.rows,
    differences(rows.data, (data) => aggregator.aggregate({ ...rows, data }, values).value),
    tolerance,
    'gradient of the rows',
  );
  const trained = aggregator.parameters.filter(({ trainable }) => trainable).map(({ name }) => name);
  assert.deepEqual(Object.keys(gradient.parameters).sort(), [...trained].sort());
  for (const name of trained)
    assertClose(
      gradient.parameters[name]!,
      differences(values[name]!, (moved) => aggregator.aggregate(rows, { ...values, [name]: moved }).value),
      tolerance,
      `gradient of ${name}`,
    );
}

/** So many normal rows around each place, one place after the other, and the means that these rows really have. */
export function plantedRows(
  places: readonly (readonly number[])[],
  each: number,
  deviation: number,
): { rows: FeatureRows; means: number[][] } {
  const channels = places[0]!.length;
  const groups = places.map((place, k) => {
    const { data } = seededRows(each, channels, `planted ${k}`);
    return data.map((x, i) => place[i % channels]! + deviation * x);
  });
  const means = groups.map((group) =>
    places[0]!.map((_, d) => group.reduce((sum, x, i) => (i % channels === d ? sum + x / each : sum), 0)),
  );
  const data = Float64Array.from(groups.flatMap((group) => [...group]));
  return { rows: { data, count: places.length * each, channels }, means };
}
