import * as tf from '@tensorflow/tfjs-core';
import { sequenceConvolution } from '../../engine/ops/convolution/sequence-conv.js';
import type { ReadableParameters, ParameterSpec } from '../parameters.js';
import type { Pass } from './layer.js';

/** A batch of B sequences of T steps. Of each item only the first `valid` steps exist; the others are padding. */
export interface Sequence {
  /** `[B·T, C]`, item after item; padding is 0. */
  x: tf.Tensor2D;
  /** How many steps exist, for each of the B items. */
  valid: readonly number[];
  /** `[B·T, 1]`: 1 for steps that exist, 0 for padding; null where nothing is padding. */
  mask: tf.Tensor2D | null;
}

/** The {@link Sequence.mask} of sequences of `steps` steps. */
export function sequenceMask(steps: number, valid: readonly number[]): tf.Tensor2D | null {
  if (valid.every((n) => n >= steps)) return null;
  const mask = new Float32Array(valid.length * steps);
  valid.forEach((n, item) => mask.fill(1, item * steps, item * steps + Math.min(n, steps)));
  return tf.tensor2d(mask, [mask.length, 1]);
}

/** x with padding set to 0. */
export function masked(x: tf.Tensor2D, mask: tf.Tensor2D | null): tf.Tensor2D {
  return mask ? tf.mul(x, mask) : x;
}

interface SequenceConvOptions {
  in: number;
  out: number;
  kernel: number;
  stride?: number;
  /** Initial value of the bias; null: no bias. */
  bias?: number | null;
}

/** A layer that looks along the sequences of a batch. */
export interface SequenceLayer {
  parameters: ParameterSpec[];
  /** `[B·T, in]` → `[B·T/stride, out]`. */
  apply(x: tf.Tensor2D, batch: number, pass: Pass): tf.Tensor2D;
}

/** Convolution over time, zero-padded at both ends of each sequence. The stride must divide T. */
export function sequenceConv(name: string, options: SequenceConvOptions): SequenceLayer {
  const { in: inputs, out, kernel, stride = 1, bias = 0 } = options;
  const weight: ParameterSpec = {
    name: `${name}.weight`,
    kind: 'conv1d',
    shape: [kernel, inputs, out],
    init: { type: 'uniform', fanIn: kernel * inputs },
    trainable: true,
  };
  return {
    parameters: bias === null ? [weight] : [weight, biasOf(name, out, bias)],
    apply(x, batch, { parameters }) {
      const rows = sequenceConvolution(x, parameters.get(weight.name), batch, stride);
      return bias === null ? rows : tf.add(rows, parameters.get(`${name}.bias`));
    },
  };
}

/** Weight and bias (initially 0) of y = xW + b at each step, for ops that include this product. */
export interface Projection {
  parameters: ParameterSpec[];
  of(parameters: ReadableParameters): { weight: tf.Tensor2D; bias: tf.Tensor1D };
}

export function projection(name: string, inputs: number, out: number): Projection {
  const weight: ParameterSpec = {
    name: `${name}.weight`,
    kind: 'linear',
    shape: [inputs, out],
    init: { type: 'uniform', fanIn: inputs },
    trainable: true,
  };
  return {
    parameters: [weight, biasOf(name, out, 0)],
    of: (parameters) => ({ weight: parameters.get(weight.name), bias: parameters.get(`${name}.bias`) }),
  };
}

function biasOf(name: string, out: number, value: number): ParameterSpec {
  return { name: `${name}.bias`, kind: 'vector', shape: [out], init: { type: 'constant', value }, trainable: true };
}
