import * as tf from '@tensorflow/tfjs-core';
import { dense, type Activation } from '../../engine/ops/dense.js';
import type { Initializer, ParameterSpec } from '../parameters.js';
import type { Layer } from './layer.js';

interface Conv1dOptions {
  in: number;
  out: number;
  kernel: number;
  groups?: number;
  /** Default: none. */
  activation?: Activation;
}

/** Weight and bias, initialised as in PyTorch: uniform in ±1/√fanIn. */
function weightAndBias(
  name: string,
  kind: ParameterSpec['kind'],
  shape: number[],
  init?: Initializer,
): ParameterSpec[] {
  const fanIn = shape.slice(0, -1).reduce((a, b) => a * b, 1);
  const out = shape.at(-1)!;
  return [
    { name: `${name}.weight`, kind, shape, init: init ?? { type: 'uniform', fanIn }, trainable: true },
    { name: `${name}.bias`, kind: 'vector', shape: [out], init: { type: 'uniform', fanIn }, trainable: true },
  ];
}

/** y = xW + b over the last axis of x `[…, in]` → `[…, out]`. */
export function linear(name: string, inputs: number, out: number, init?: Initializer): Layer<tf.Tensor> {
  return {
    parameters: weightAndBias(name, 'linear', [inputs, out], init),
    apply(x, { parameters }) {
      const flat = tf.reshape<tf.Rank.R2>(x, [-1, inputs]);
      const y = tf.add(tf.matMul(flat, parameters.get<tf.Tensor2D>(`${name}.weight`)), parameters.get(`${name}.bias`));
      return tf.reshape(y, [...x.shape.slice(0, -1), out]);
    },
  };
}

/**
 * Convolution over time of x `[B, T, in]` → `[B, T, out]`, zero-padded to keep T, with an activation. It is computed as
 * one matrix product with the k shifted copies of x side by side. Groups become a block-diagonal matrix: the head's
 * groups are a few channels wide, and one dense product is faster than many small ones.
 */
export function conv1d(name: string, options: Conv1dOptions): Layer<tf.Tensor3D> {
  return sequenceConv(name, 'conv1d', options);
}

/** {@link conv1d} with kernel 1, for a layer that PyTorch holds as a 1×1 Conv2d (over edges and anchors). */
export function pointwise(name: string, options: Omit<Conv1dOptions, 'kernel'>): Layer<tf.Tensor3D> {
  return sequenceConv(name, 'pointwise', { ...options, kernel: 1 });
}

function sequenceConv(name: string, kind: 'conv1d' | 'pointwise', options: Conv1dOptions): Layer<tf.Tensor3D> {
  const { in: inputs, out, kernel, groups = 1, activation = 'linear' } = options;
  return {
    parameters: weightAndBias(name, kind, [kernel, inputs / groups, out]),
    apply(x, { parameters }) {
      const [batch, time] = x.shape;
      const weight = blockDiagonal(parameters.get<tf.Tensor3D>(`${name}.weight`), groups);
      const y = dense(
        tf.reshape<tf.Rank.R2>(columns(x, kernel), [batch * time, kernel * inputs]),
        tf.reshape<tf.Rank.R2>(weight, [kernel * inputs, out]),
        parameters.get<tf.Tensor1D>(`${name}.bias`),
        activation,
      );
      return tf.reshape<tf.Rank.R3>(y, [batch, time, out]);
    },
  };
}

/** The `kernel` steps around each step of x `[B, T, C]`, side by side: `[B, T, kernel·C]`. */
function columns(x: tf.Tensor3D, kernel: number): tf.Tensor3D {
  if (kernel === 1) return x;
  const pad = (kernel - 1) / 2;
  const around = tf.pad(x, [
    [0, 0],
    [pad, pad],
    [0, 0],
  ]);
  return tf.concat(
    Array.from({ length: kernel }, (_, i) => tf.slice(around, [0, i, 0], [-1, x.shape[1], -1])),
    2,
  );
}

/** `[k, in/g, out]` → `[k, in, out]` with zeros between different groups. */
function blockDiagonal(weight: tf.Tensor3D, groups: number): tf.Tensor3D {
  if (groups === 1) return weight;
  const [kernel, inputs, out] = weight.shape;
  const perGroup = tf.transpose(tf.reshape(weight, [kernel, inputs, groups, out / groups]), [0, 2, 1, 3]);
  const diagonal = tf.reshape(tf.eye(groups), [1, groups, 1, groups, 1]);
  const spread = tf.mul(tf.expandDims(perGroup, 3), diagonal);
  return tf.reshape(spread, [kernel, groups * inputs, out]);
}
