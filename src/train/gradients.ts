import * as tf from '@tensorflow/tfjs-core';
import type { EncoderRecord } from '../models/encoders/encoder.js';
import type { Parameters } from '../models/parameters.js';

/** A loss and its terms, as scalars. */
export interface LossTensors {
  total: tf.Scalar;
  terms: Record<string, tf.Scalar>;
  /** Computes the loss of each item `[n]`, whose mean is `total`. Called within the same tape, and only if needed. */
  items?: () => tf.Tensor1D;
}

/**
 * The loss of a forward pass as numbers, and its gradients by part and parameter name. The caller owns the gradients.
 */
export interface LossAndGradients {
  total: number;
  terms: Record<string, number>;
  gradients: GradientsByPart;
  /** The loss of each item; null where they were not requested. */
  items: Float32Array | null;
}

/** Gradients by part and parameter name. */
export type GradientsByPart = Map<string, Map<string, tf.Tensor>>;

/** The part that {@link lossAndGradients} differentiates by `encoded.backward` instead of the tape. */
const encoderPart = 'encoder';

/**
 * Runs `loss` on the tape and differentiates its total with respect to all trainable parameters of `parts`.
 *
 * @param options.encoded - A recorded encoder pass. `loss` receives its features; their gradient is propagated through
 *   `encoded.backward`, not the tape. It is disposed of here. Without it, all parts are on the tape.
 * @param options.perItem - Whether to return the losses of single items.
 */
export function lossAndGradients(
  loss: (features?: tf.Tensor3D) => LossTensors,
  parts: ReadonlyMap<string, Parameters>,
  { encoded, perItem = false }: { encoded?: EncoderRecord; perItem?: boolean } = {},
): LossAndGradients {
  const features = encoded && tf.variable(encoded.features);
  const taped = [...parts].filter(([part]) => !encoded || part !== encoderPart);
  const variables = taped.flatMap(([, p]) => p.trainable().map((name) => p.variable(name)));
  const termTensors: Record<string, tf.Scalar> = {};
  const kept: tf.Tensor[] = [];
  const keep = <T extends tf.Tensor>(tensor: T): T => {
    kept.push(tf.keep(tensor));
    return tensor;
  };
  const gradients: GradientsByPart = new Map();
  try {
    let itemTensor: tf.Tensor1D | undefined;
    const { value, grads } = tf.variableGrads(
      () => {
        const { total, terms, items } = loss(features);
        for (const [name, term] of Object.entries(terms)) termTensors[name] = keep(term);
        if (perItem) itemTensor = keep(itemsOf(items));
        return total;
      },
      features ? [...variables, features] : variables,
    );
    keep(value);
    for (const [part, parameters] of taped) {
      const names = parameters.trainable();
      gradients.set(part, new Map(names.map((name) => [name, grads[parameters.variable(name).name]!])));
    }
    if (features) gradients.set(encoderPart, encoded.backward(keep(grads[features.name] as tf.Tensor3D)));
    return {
      total: value.dataSync()[0]!,
      terms: Object.fromEntries(Object.entries(termTensors).map(([name, term]) => [name, term.dataSync()[0]!])),
      gradients,
      items: itemTensor?.dataSync<'float32'>().slice() ?? null,
    };
  } catch (error) {
    disposeGradients(gradients);
    throw error;
  } finally {
    tf.dispose(kept);
    features?.dispose();
    encoded?.dispose();
  }
}

function itemsOf(items: LossTensors['items']): tf.Tensor1D {
  if (!items) throw new Error('this loss does not say what single items lose');
  return items();
}

/** Returns sum + factor·gradients; disposes of both arguments. */
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

/** Scales all gradients so that their global L2 norm is at most `limit`; disposes of the argument. */
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

/** Frees all gradients. */
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
