import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from '../../engine/ops/differentiable.js';
import type { Parameters, ReadableParameters } from '../parameters.js';
import type { Aggregated, Aggregator, ParameterValues } from './aggregator.js';

/** A batch of B sequences `x` `[B, T, D]`. Of item b only the first `valid[b]` ≥ 1 steps exist. */
export interface Sequences {
  x: tf.Tensor3D;
  valid: readonly number[];
}

/** The result of {@link recordAggregate}, and the way back. */
export interface RecordedAggregate {
  /** `[B, D']`; it is the caller's. */
  value: tf.Tensor2D;
  /** Gradients of x `[B, T, D]` and of the trained parameters, given that of the value. They are the caller's. */
  backward(dValue: tf.Tensor2D): { dx: tf.Tensor3D; gradients: Map<string, tf.Tensor> };
}

/**
 * Applies an aggregator to a batch of sequences, off the tape: `[B, T, D]` → `[B, D']`. All tensors stay the caller's.
 *
 * @param parameters - Hold the aggregator's parameters under their names.
 */
export function recordAggregate(
  aggregator: Aggregator,
  { x, valid }: Sequences,
  parameters: ReadableParameters,
): RecordedAggregate {
  const [batch, steps, channels] = x.shape;
  const data = x.dataSync<'float32'>();
  const values = valuesOf(aggregator, parameters);
  const out = new Float32Array(batch * aggregator.channels);
  const items = valid.map((count, item): Aggregated => {
    const from = item * steps * channels;
    const rows = Float64Array.from(data.subarray(from, from + count * channels));
    const aggregated = aggregator.aggregate({ data: rows, count, channels }, values);
    out.set(aggregated.value, item * aggregator.channels);
    return aggregated;
  });
  return {
    value: tf.tensor2d(out, [batch, aggregator.channels]),
    backward(dValue) {
      const d = Float64Array.from(dValue.dataSync<'float32'>());
      const dx = new Float32Array(batch * steps * channels);
      const trained = aggregator.parameters.filter(({ name }) => parameters.variable(name).trainable);
      const sums = new Map(trained.map(({ name }) => [name, new Float64Array(values[name]!.length)]));
      items.forEach((item, i) => {
        const gradient = item.backward(d.subarray(i * aggregator.channels, (i + 1) * aggregator.channels));
        dx.set(gradient.rows, i * steps * channels);
        for (const [name, sum] of sums) gradient.parameters[name]!.forEach((value, at) => (sum[at]! += value));
      });
      const gradients = trained.map(({ name, shape }): [string, tf.Tensor] => [
        name,
        tf.tensor(Float32Array.from(sums.get(name)!), shape),
      ]);
      return { dx: tf.tensor3d(dx, [batch, steps, channels]), gradients: new Map(gradients) };
    },
  };
}

/**
 * Applies an aggregator to a batch of sequences, on the tape: `[B, T, D]` → `[B, D']`, with gradients of x and of the
 * trained parameters.
 */
export function aggregate(aggregator: Aggregator, sequences: Sequences, parameters: ReadableParameters): tf.Tensor2D {
  const trained = aggregator.parameters.map(({ name }) => name).filter((name) => parameters.variable(name).trainable);
  const inputs = [sequences.x, ...trained.map((name) => parameters.get(name))];
  return differentiable<tf.Tensor2D>(inputs, () => {
    const record = recordAggregate(aggregator, sequences, parameters);
    return {
      value: record.value,
      saved: [],
      gradient(dy) {
        const { dx, gradients } = record.backward(dy as tf.Tensor2D);
        return [dx, ...trained.map((name) => gradients.get(name)!)];
      },
    };
  });
}

/** Sets the aggregator's parameters, as its `fit` gives them. */
export function assignValues(aggregator: Aggregator, values: ParameterValues, parameters: Parameters): void {
  for (const { name, shape } of aggregator.parameters)
    parameters.assign(name, tf.tensor(Float32Array.from(values[name]!), shape));
}

function valuesOf(aggregator: Aggregator, parameters: ReadableParameters): ParameterValues {
  return Object.fromEntries(
    aggregator.parameters.map(({ name }) => [name, Float64Array.from(parameters.get(name).dataSync<'float32'>())]),
  );
}
