import * as tf from '@tensorflow/tfjs-core';
import { conv2d, depthwiseConv2d } from '../../engine/ops/conv2d.js';
import { dense } from '../../engine/ops/dense.js';
import type { ParameterSpec } from '../parameters.js';
import type { Layer } from './layer.js';

/** A batch of sequences: of item b the first `valid[b]` steps are there. */
export interface Sequence {
  /** `[B, T, C]`; zeros where nothing is there. */
  x: tf.Tensor3D;
  valid: readonly number[];
  /** `[B, T, 1]`: 1 where something is there; null where everything is. */
  mask: tf.Tensor3D | null;
}

/** {@link Sequence.mask} of sequences of `steps`. */
export function sequenceMask(steps: number, valid: readonly number[]): tf.Tensor3D | null {
  if (valid.every((n) => n >= steps)) return null;
  const mask = new Float32Array(valid.length * steps);
  valid.forEach((n, item) => mask.fill(1, item * steps, item * steps + Math.min(n, steps)));
  return tf.tensor3d(mask, [valid.length, steps, 1]);
}

/** x with zeros where nothing is there. */
export function masked(x: tf.Tensor3D, mask: tf.Tensor3D | null): tf.Tensor3D {
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

/** Convolution over time of `[B, T, in]` → `[B, T/stride, out]`, zeros around it; T divides by the stride. */
export function sequenceConv(name: string, options: SequenceConvOptions): Layer<tf.Tensor3D> {
  const { in: inputs, out, kernel, stride = 1, bias = 0 } = options;
  const pad = (kernel - 1) / 2;
  const weight: ParameterSpec = {
    name: `${name}.weight`,
    kind: 'conv1d',
    shape: [kernel, inputs, out],
    init: { type: 'uniform', fanIn: kernel * inputs },
    trainable: true,
  };
  return {
    parameters: bias === null ? [weight] : [weight, biasOf(name, out, bias)],
    apply(x, { parameters }) {
      const [batch, time] = x.shape;
      const filter = tf.reshape<tf.Rank.R4>(parameters.get(weight.name), [kernel, 1, inputs, out]);
      const picture = tf.reshape<tf.Rank.R4>(x, [batch, time, 1, inputs]);
      const y = conv2d(picture, filter, { stride: [stride, 1], pad: [pad, pad, 0, 0] });
      const sequence = tf.reshape<tf.Rank.R3>(y, [batch, time / stride, out]);
      return bias === null ? sequence : tf.add(sequence, parameters.get(`${name}.bias`));
    },
  };
}

/** Convolution of kernel 3 over time of each channel by itself, without bias: `[B, T, C]` → `[B, T/stride, C]`. */
export function depthwiseSequence(name: string, channels: number, stride: number): Layer<tf.Tensor3D> {
  const weight = `${name}.weight`;
  return {
    parameters: [
      { name: weight, kind: 'conv1d', shape: [3, 1, channels], init: { type: 'uniform', fanIn: 3 }, trainable: true },
    ],
    apply(x, { parameters }) {
      const [batch, time] = x.shape;
      const filter = tf.reshape<tf.Rank.R4>(parameters.get(weight), [3, 1, channels, 1]);
      const picture = tf.reshape<tf.Rank.R4>(x, [batch, time, 1, channels]);
      const y = depthwiseConv2d(picture, filter, { stride, pad: [1, 1, 0, 0] });
      return tf.reshape(y, [batch, time / stride, channels]);
    },
  };
}

/** y = xW + b at each step, `[B, T, in]` → `[B, T, out]`, b from 0. */
export interface Projection {
  parameters: ParameterSpec[];
  /** @param scale - `[out]`: what each channel is multiplied by, on the parameters. */
  apply(x: tf.Tensor3D, pass: Parameters<Layer['apply']>[1], scale?: tf.Tensor1D): tf.Tensor3D;
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
    apply(x, { parameters }, scale) {
      const [batch, time] = x.shape;
      const own = <T extends tf.Tensor>(part: string) => {
        const parameter = parameters.get<T>(`${name}.${part}`);
        return scale ? tf.mul<T>(parameter, scale) : parameter;
      };
      const rows = tf.reshape<tf.Rank.R2>(x, [batch * time, inputs]);
      return tf.reshape(dense(rows, own<tf.Tensor2D>('weight'), own<tf.Tensor1D>('bias'), 'linear'), [
        batch,
        time,
        out,
      ]);
    },
  };
}

function biasOf(name: string, out: number, value: number): ParameterSpec {
  return { name: `${name}.bias`, kind: 'vector', shape: [out], init: { type: 'constant', value }, trainable: true };
}
