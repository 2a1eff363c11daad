import * as tf from '@tensorflow/tfjs-core';
import { sequenceConvolution } from '../../engine/ops/convolution/sequence-conv.js';
import type { Parameters, ParameterSpec } from '../parameters.js';
import type { Pass } from './layer.js';

/** A batch of sequences, of each of which the first `valid` steps are there. */
export interface Sequence {
  /** `[B·T, C]`, item after item; zeros where nothing is there. */
  x: tf.Tensor2D;
  /** How many steps of each of the B items are there. */
  valid: readonly number[];
  /** `[B·T, 1]`: 1 where something is there; null where everything is. */
  mask: tf.Tensor2D | null;
}

/** {@link Sequence.mask} of sequences of `steps`. */
export function sequenceMask(steps: number, valid: readonly number[]): tf.Tensor2D | null {
  if (valid.every((n) => n >= steps)) return null;
  const mask = new Float32Array(valid.length * steps);
  valid.forEach((n, item) => mask.fill(1, item * steps, item * steps + Math.min(n, steps)));
  return tf.tensor2d(mask, [mask.length, 1]);
}

/** x with zeros where nothing is there. */
export function masked(x: tf.Tensor2D, mask: tf.Tensor2D | null): tf.Tensor2D {
  return mask ? tf.mul(x, mask) : x;
}

interface SequenceConvOptions {
  in: number;
  out: number;
  kernel: number;
  stride?: number;
  /** What the bias starts from; null: there is none. */
  bias?: number | null;
}

/** A layer that looks along the sequences of a batch. */
export interface SequenceLayer {
  parameters: ParameterSpec[];
  /** `[B·T, in]` → `[B·T/stride, out]`. */
  apply(x: tf.Tensor2D, batch: number, pass: Pass): tf.Tensor2D;
}

/** Convolution over time, zeros around each sequence; T divides by the stride. */
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

/** Weight and bias of y = xW + b at each step, b from 0, for ops that have it as a part. */
export interface Projection {
  parameters: ParameterSpec[];
  of(parameters: Parameters): { weight: tf.Tensor2D; bias: tf.Tensor1D };
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
