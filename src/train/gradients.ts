import * as tf from '@tensorflow/tfjs-core';
import type { EncoderRecord } from '../models/encoders/encoder.js';
import type { Parameters } from '../models/parameters.js';

/** A loss and the terms it is made of, as scalars. */
export interface LossTensors {
  total: tf.Scalar;
  terms: Record<string, tf.Scalar>;
}

/** The loss of a forward pass in numbers, and gradients by part and parameter name; the gradients are the caller's. */
export interface LossAndGradients {
  total: number;
  terms: Record<string, number>;
  gradients: GradientsByPart;
}

export type GradientsByPart = Map<string, Map<string, tf.Tensor>>;

/** The part that {@link lossAndGradients} differentiates by hand where it is given a record. */
const encoderPart = 'encoder';

/**
 * Runs `loss` on the tape and differentiates its total with respect to all trainable parameters of `parts`.
 *
 * @param encoded - A pass through the part `encoder`, whose features `loss` gets: the tape begins behind them, and their gradient goes through
 *   the encoder by hand. Consumed. Without it, all parts are on the tape.
 */
export function lossAndGradients(
  loss: (features?: tf.Tensor3D) => LossTensors,
  parts: ReadonlyMap<string, Parameters>,
  encoded?: EncoderRecord,
): LossAndGradients {
  const features = encoded && tf.variable(encoded.features);
  const taped = [...parts].filter(([part]) => !encoded || part !== encoderPart);
  const variables = taped.flatMap(([, p]) => p.trainable().map((name) => p.variable(name)));
  const termTensors: Record<string, tf.Scalar> = {};
  const { value, grads } = tf.variableGrads(
    () => {
      const { total, terms } = loss(features);
      for (const [name, term] of Object.entries(terms)) termTensors[name] = tf.keep(term);
      return total;
    },
    features ? [...variables, features] : variables,
  );
  const gradients: GradientsByPart = new Map();
  for (const [part, parameters] of taped) {
    gradients.set(part, new Map(parameters.trainable().map((name) => [name, grads[parameters.variable(name).name]!])));
  }
  if (features) {
    const dFeatures = grads[features.name] as tf.Tensor3D;
    features.dispose();
    gradients.set(encoderPart, encoded.backward(dFeatures));
    dFeatures.dispose();
    encoded.dispose();
  }
  const total = value.dataSync()[0]!;
  const terms = Object.fromEntries(Object.entries(termTensors).map(([name, term]) => [name, term.dataSync()[0]!]));
  tf.dispose([value, ...Object.values(termTensors)]);
  return { total, terms, gradients };
}

/** sum ← sum + factor·gradients; consumes both and returns the new sum. */
export function accumulate(
  sum: GradientsByPart | undefined,
  gradients: GradientsByPart,
  factor: number,
): GradientsByPart {
  if (!sum && factor === 1) return gradients;
  return mapGradients(gradients, (part, name, gradient) => {
    const before = sum?.get(part)?.get(name);
    const after = tf.tidy(() => {
      const scaled = tf.mul(gradient, factor);
      return before ? tf.add(before, scaled) : scaled;
    });
    tf.dispose(before ? [gradient, before] : gradient);
    return after;
  });
}

/** Scales all gradients so that their common norm is at most `limit`; consumes them. */
export function clipByGlobalNorm(gradients: GradientsByPart, limit: number): GradientsByPart {
  const factor = tf.tidy(() => {
    const all = [...gradients.values()].flatMap((part) => [...part.values()]);
    const norm = tf.sqrt(tf.addN(all.map((gradient) => tf.sum(tf.square(gradient)))));
    return tf.minimum(1, tf.div(limit, tf.add(norm, 1e-6)));
  });
  const clipped = mapGradients(gradients, (_part, _name, gradient) => {
    const scaled = tf.mul(gradient, factor);
    gradient.dispose();
    return scaled;
  });
  factor.dispose();
  return clipped;
}

export function disposeGradients(gradients: GradientsByPart): void {
  for (const part of gradients.values()) tf.dispose([...part.values()]);
}

function mapGradients(
  gradients: GradientsByPart,
  f: (part: string, name: string, gradient: tf.Tensor) => tf.Tensor,
): GradientsByPart {
  return new Map(
    [...gradients].map(([part, byName]) => [
      part,
      new Map([...byName].map(([name, gradient]) => [name, f(part, name, gradient)])),
    ]),
  );
}
