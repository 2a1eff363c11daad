import * as tf from '@tensorflow/tfjs-core';
import type { EncoderRecord } from '../models/encoders/encoder.js';
import type { Parameters } from '../models/parameters.js';

/** A loss and its terms, as scalars. */
export interface LossTensors {
  total: tf.Scalar;
  terms: Record<string, tf.Scalar>;
  /**
   * Computes the loss of each item `[n]`, whose mean is `total`, with its gradient. Called within the same tape, and
   * only if needed.
   */
  items?: () => tf.Tensor1D;
}

/**
 * The loss of a forward pass as numbers, and its gradients by part and parameter name. The caller owns the gradients.
 */
export interface LossAndGradients {
  /** The mean loss of the items. */
  total: number;
  /** The mean of the weighted losses, of which the gradients are; equal to `total` where items have no weights. */
  weighted: number;
  terms: Record<string, number>;
  gradients: GradientsByPart;
  /** The loss of each item; null where they were not requested. */
  items: Float32Array | null;
}

/** How the losses of single items are treated. */
export interface ItemOptions {
  /** Whether to return them. */
  perItem?: boolean;
  /** The weight on the loss of each item; absent: 1. */
  weights?: readonly number[] | undefined;
}

/** Gradients by part and parameter name. */
export type GradientsByPart = Map<string, Map<string, tf.Tensor>>;

/** The part that {@link lossAndGradients} differentiates by `encoded.backward` instead of the tape. */
const encoderPart = 'encoder';

/**
 * Runs `loss` on the tape and differentiates its total, or the mean of the weighted losses of its items, with respect
 * to all trainable parameters of `parts`.
 *
 * @param options.encoded - A recorded encoder pass. `loss` receives its features; their gradient is propagated through
 *   `encoded.backward`, not the tape. It is disposed of here. Without it, all parts are on the tape.
 */
export function lossAndGradients(
  loss: (features?: tf.Tensor3D) => LossTensors,
  parts: ReadonlyMap<string, Parameters>,
  { encoded, perItem = false, weights }: { encoded?: EncoderRecord } & ItemOptions = {},
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
    let plain: tf.Scalar | undefined;
    const { value, grads } = tf.variableGrads(
      () => {
        const { total, terms, items } = loss(features);
        for (const [name, term] of Object.entries(terms)) termTensors[name] = keep(term);
        if (!perItem && !weights) return total;
        itemTensor = keep(itemsOf(items));
        if (!weights) return total;
        plain = keep(total);
        return tf.mean<tf.Scalar>(tf.mul(itemTensor, tf.tensor1d([...weights])));
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
      total: (plain ?? value).dataSync()[0]!,
      weighted: value.dataSync()[0]!,
      terms: Object.fromEntries(Object.entries(termTensors).map(([name, term]) => [name, term.dataSync()[0]!])),
      gradients,
      items: perItem ? itemTensor!.dataSync<'float32'>().slice() : null,
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
