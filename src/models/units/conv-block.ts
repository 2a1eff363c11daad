import * as tf from '@tensorflow/tfjs-core';
import type { Held, Kernels, PoolWindow } from '../../engine/kernels/kernels.js';
import type { ConvGeometry } from '../../engine/ops/convolution/conv2d.js';
import { lrnConstants, type LrnOptions } from '../../engine/ops/normalization/lrn.js';
import { geometryOf } from '../layers/conv.js';
import type { Pass } from '../layers/layer.js';
import type { Initializer, ParameterSpec } from '../parameters.js';
import { convolved, filterGradientOf, inputGradientOf } from './grouped.js';
import { timeWindows, windowsGradient, type TimeWindow } from './time-windows.js';
import { consumed, unused, type Gradients, type Recorded, type Unit } from './unit.js';

/** A convolution with bias, ReLU, and behind them LRN and a max pool where the block has them. */
export interface PooledConv {
  /** The layer's name: `<name>.weight` and `<name>.bias`. */
  name: string;
  in: number;
  out: number;
  kernel: number;
  stride: number;
  /** Zeros on every side, or TensorFlow's "same". */
  padding: number | 'same';
  /** Parts of the channels that do not see each other. */
  groups: number;
  /** The positions in time that a place of the output sees; null: each frame is convolved by itself. */
  time: TimeWindow | null;
  lrn: LrnOptions | null;
  /** Side of the pool's window, and the step between windows. */
  pool: { size: number; stride: number } | null;
  /** Initial values of weight and bias. */
  init: { weight: Initializer; bias: Initializer };
}

/** What a block makes of maps of a size: the geometry of its operations, and the sizes [rows, columns] behind them. */
export interface BlockGeometry {
  convolution: ConvGeometry;
  pool: PoolWindow | null;
  /** Behind the convolution. */
  convolved: readonly [number, number];
  /** Behind the pool, if there is one. */
  pooled: readonly [number, number];
}

/**
 * The geometry of a block on maps of [rows, columns]. Parameters do not depend on the size, so every size must do: a
 * map smaller than the filter is padded by zeros to the filter's size, and a pool's window is at most the map.
 */
export function blockGeometry(block: PooledConv, [rows, columns]: readonly [number, number]): BlockGeometry {
  const { kernel, stride, padding } = block;
  const [top, bottom, left, right] =
    padding === 'same'
      ? geometryOf([1, rows, columns], { kernel, stride, padding }).pad
      : [
          padding,
          padding + Math.max(0, kernel - rows - 2 * padding),
          padding,
          padding + Math.max(0, kernel - columns - 2 * padding),
        ];
  const steps = (places: number, window: number, by: number) => Math.floor((places - window) / by) + 1;
  const convolved = [
    steps(rows + top + bottom, kernel, stride),
    steps(columns + left + right, kernel, stride),
  ] as const;
  const convolution: ConvGeometry = { stride, pad: [top, bottom, left, right] };
  if (!block.pool) return { convolution, pool: null, convolved, pooled: convolved };
  const { size, stride: by } = block.pool;
  const [high, wide] = convolved;
  const pool: PoolWindow = { size: [Math.min(size, high), Math.min(size, wide)], stride: by };
  return { convolution, pool, convolved, pooled: [steps(high, pool.size[0], by), steps(wide, pool.size[1], by)] };
}

/**
 * A block as a unit, of images `[N, H, W, C]` or of videos `[N, T, H, W, C]`, whose frames become positions
 * `[N, T', H', W', O]`. It keeps the ReLU's output and its own; LRN is computed again on the way back.
 */
export function convBlockUnit(block: PooledConv): Unit {
  const { name, lrn, time, groups } = block;
  const weight = `${name}.weight`;
  const bias = `${name}.bias`;
  const constants = lrn && lrnConstants(lrn);
  return {
    parameters: blockParameters(block),
    record<T extends Held>(k: Kernels<T>, x: T, pass: Pass, inputGradient: boolean): Recorded<T> {
      const { parameters } = pass;
      const [rows, columns, channels] = x.shape.slice(-3) as [number, number, number];
      const { convolution, pool } = blockGeometry(block, [rows, columns]);
      const images = () => (time ? timeWindows(k, x, time) : k.reshape(x, [-1, rows, columns, channels]));
      const filter = () => filterOf(k, parameters.get(weight));
      const normal = (y: T) => (constants ? k.lrn(y, constants) : y);

      const positive = consumed(
        withBias(
          k,
          consumedPair(images(), filter(), (x, f) => convolved(k, x, f, convolution, groups)),
          parameters.get(bias),
        ),
        k.relu,
      );
      const normalized = normal(positive);
      const pooled = pool ? k.pool(normalized, pool) : normalized;
      if (normalized !== positive && normalized !== pooled) normalized.dispose();
      const lead = time ? [x.shape[0]!, pooled.shape[0]! / x.shape[0]!] : x.shape.slice(0, -3);
      const output = k.reshape(pooled, [...lead, ...pooled.shape.slice(1)]);
      const { shape } = pooled;
      if (pooled !== positive) pooled.dispose();

      return {
        output,
        backward(dy) {
          const gradients: Gradients = new Map();
          let d = consumed(dy, (dy) => k.reshape(dy, shape));
          if (pool ?? constants) {
            const inner = normal(positive);
            if (pool)
              d = consumed(d, (d) => consumed(k.reshape(output, shape), (y) => k.poolGradient(d, inner, y, pool)));
            if (constants) {
              d = consumed(d, (d) => k.lrnGradient(d, positive, inner, constants));
              inner.dispose();
            }
          }
          output.dispose();
          d = consumed(d, (d) => k.reluGradient(d, positive));
          positive.dispose();
          if (parameters.variable(bias).trainable) gradients.set(bias, k.toTensor(k.biasGradient(d)));
          const seen = images();
          if (parameters.variable(weight).trainable) {
            const own = parameters.get(weight);
            gradients.set(
              weight,
              asOwn(k.toTensor(filterGradientOf(k, seen, d, flatShape(own.shape), convolution, groups)), own.shape),
            );
          }
          let dx: T | null = null;
          if (inputGradient) {
            const dSeen = consumed(filter(), (f) => inputGradientOf(k, d, f, seen.shape, convolution, groups));
            dx = consumed(dSeen, (dSeen) => (time ? windowsGradient(k, dSeen, x, time) : k.reshape(dSeen, x.shape)));
          }
          seen.dispose();
          d.dispose();
          return { dx, gradients };
        },
        ...unused(output, () => {
          positive.dispose();
        }),
      };
    },
  };
}

/** The parameters of a block. A filter of one position in time is that of images. */
function blockParameters({ name, in: inputs, out, kernel, groups, time, init }: PooledConv): ParameterSpec[] {
  const flat = [kernel, kernel, inputs / groups, out];
  const extent = time?.extent ?? 1;
  const shared = { init: init.weight, trainable: true } as const;
  const weight = `${name}.weight`;
  return [
    extent === 1
      ? { name: weight, kind: 'conv', shape: flat, ...shared }
      : { name: weight, kind: 'conv3d', shape: [extent, ...flat], ...shared },
    {
      name: `${name}.bias`,
      kind: 'vector',
      shape: [out],
      init: init.bias,
      trainable: true,
    },
  ];
}

/** The filter as a 2-D convolution of windows takes it: `[kt, kh, kw, C, O]` → `[kh, kw, kt·C, O]`. */
function filterOf<T extends Held>(k: Kernels<T>, weight: tf.Tensor): T {
  if (weight.rank === 4) return k.from(weight);
  const flat = tf.tidy(() => tf.reshape(tf.transpose(weight, [1, 2, 0, 3, 4]), flatShape(weight.shape)));
  const filter = k.from(flat);
  flat.dispose();
  return filter;
}

function flatShape(shape: readonly number[]): number[] {
  if (shape.length === 4) return [...shape];
  const [kt, kh, kw, c, o] = shape as [number, number, number, number, number];
  return [kh, kw, kt * c, o];
}

/** Brings the gradient of {@link filterOf} into the parameter's own shape; consumes it. */
function asOwn(gradient: tf.Tensor, shape: readonly number[]): tf.Tensor {
  if (shape.length === 4) return gradient;
  const [kt, kh, kw, c, o] = shape as [number, number, number, number, number];
  const own = tf.tidy(() => tf.transpose(tf.reshape(gradient, [kh, kw, kt, c, o]), [2, 0, 1, 3, 4]));
  gradient.dispose();
  return own;
}

/** Adds a bias; consumes x. */
function withBias<T extends Held>(k: Kernels<T>, x: T, bias: tf.Tensor): T {
  return consumed(x, (x) => consumed(k.from(bias), (bias) => k.addBias(x, bias)));
}

/** Computes f(a, b) and disposes of both. */
function consumedPair<T extends Held>(a: T, b: T, f: (a: T, b: T) => T): T {
  return consumed(a, (a) => consumed(b, (b) => f(a, b)));
}
