import * as tf from '@tensorflow/tfjs-core';
import { algebra, type Algebra } from './algebra.js';
import { differentiable } from './differentiable.js';
import {
  columnSums,
  folded,
  foldedGradients,
  standardized,
  standardizedGradient,
  type NormalizedLinear,
} from './standardize.js';

/** The last layer of a residual branch: weight `[I, C]`, bias `[C]`, and what its channels are multiplied by, `[C]`. */
export interface ScaledLinear {
  weight: tf.Tensor2D;
  bias: tf.Tensor1D;
  scale: tf.Tensor1D;
}

/** What branches are multiplied by, row by row `[N, 1]` or value by value `[N, C]`, without a gradient; null: nothing. */
export type Share = tf.Tensor2D | null;

/** rows + share·(x·W + b)·scale: rows `[N, C]`, x `[N, I]`. Parameters outlive the pass. */
export function projectedResidual(rows: tf.Tensor2D, x: tf.Tensor2D, last: ScaledLinear, share: Share): tf.Tensor2D {
  const k = algebra();
  const { weight, bias, scale } = last;
  return differentiable([rows, x, weight, bias, scale], () => ({
    value: tf.tidy(() => {
      const branch = k.add(k.matMul(x, k.mul(weight, scale)), k.mul(bias, scale));
      return k.add(rows, share ? k.mul(branch, share) : branch);
    }),
    saved: share ? [x, share] : [x],
    gradient: (dy, [x, share]) =>
      tf.tidy(() => {
        const d = share ? k.mul(dy, share) : dy;
        const dx = k.matMul(d, k.mul(weight, scale), false, true);
        return [tf.clone(dy), dx, ...scaledGradients(k, d, x!, last, tf.scalar(1))];
      }),
  }));
}

/** Gradients of a {@link ScaledLinear} from that of its result and from its input, which is `factor` times x. */
function scaledGradients(
  k: Algebra,
  d: tf.Tensor,
  x: tf.Tensor,
  { weight, bias, scale }: ScaledLinear,
  factor: tf.Scalar,
): [weight: tf.Tensor, bias: tf.Tensor, scale: tf.Tensor] {
  const product = k.matMul(x, d, true);
  const dBias = k.reshape(columnSums(k, d), bias.shape);
  const byWeight = k.mul(k.reshape(columnSums(k, k.mul(product, weight)), scale.shape), factor);
  return [k.mul(product, k.mul(scale, factor)), k.mul(dBias, scale), k.add(byWeight, k.mul(dBias, bias))];
}

/** A transformer's MLP: normalisation and layer, GELU, and the layer back. */
export interface FeedForward {
  first: NormalizedLinear;
  last: ScaledLinear;
  /** What hidden values are multiplied by, `[N, H]`; null: nothing. */
  hiddenShare: Share;
}

/** x + share·MLP(x) of rows `[N, C]`, with GELU x·Φ(x). Parameters outlive the pass. */
export function feedForwardResidual(
  x: tf.Tensor2D,
  { first, last, hiddenShare }: FeedForward,
  share: Share,
): tf.Tensor2D {
  const k = algebra();
  // For a = h/√2, 2·Φ(h) = 1 + erf(a) and GELU(h) = a·(1 + erf(a))/√2: the constants go into the weights on either side.
  const half = () => tf.scalar(Math.SQRT1_2);
  const smaller = (): NormalizedLinear => ({
    scale: k.mul(first.scale, half()),
    offset: k.mul(first.offset, half()),
    weight: first.weight,
    bias: k.mul(first.bias, half()),
  });
  const parameters = [first.scale, first.offset, first.weight, first.bias, last.weight, last.bias, last.scale];
  const matrix = (x: tf.Tensor) => k.reshape(x, x.shape.slice(1));
  return differentiable([x, ...parameters], () => {
    const { value, normal, inverse, a, twice, hidden, weight1, weight2 } = tf.tidy(() => {
      const { normal, inverse } = standardized(k, x);
      const { weight, bias } = folded(k, [smaller()]);
      const weight1 = matrix(weight);
      const a = k.add(k.matMul(normal, weight1), matrix(bias));
      const twice = k.add(k.erf(a), tf.scalar(1));
      const whole = k.mul(a, twice);
      const hidden = hiddenShare ? k.mul(whole, hiddenShare) : whole;
      const weight2 = k.mul(last.weight, k.mul(last.scale, half()));
      const branch = k.add(k.matMul(hidden, weight2), k.mul(last.bias, last.scale));
      const value = k.add(x, share ? k.mul(branch, share) : branch);
      return { value, normal, inverse, a, twice, hidden, weight1, weight2 };
    });
    const shares = [share, hiddenShare].filter((one) => one !== null);
    return {
      value,
      saved: [normal, inverse, a, twice, hidden, weight1, weight2, ...shares],
      gradient: (dy, saved) =>
        tf.tidy(() => {
          const [normal, inverse, a, twice, hidden, weight1, weight2, ...shares] = saved as Seven;
          const d = share ? k.mul(dy, shares[0]!) : dy;
          const dHidden = k.matMul(d, weight2, false, true);
          const dWhole = hiddenShare ? k.mul(dHidden, shares.at(-1)!) : dHidden;
          // By a: 1 + erf(a) + a·2/√π·exp(-a²).
          const density = k.exp(k.sub(tf.scalar(Math.log(2 / Math.sqrt(Math.PI))), k.square(a)));
          const dA = k.mul(dWhole, k.add(twice, k.mul(a, density)));
          const single = (x: tf.Tensor) => k.reshape(x, [1, ...x.shape]);
          const [dFirst] = foldedGradients(k, [smaller()], {
            weight: single(k.matMul(normal, dA, true)),
            bias: single(columnSums(k, dA)),
          });
          const { scale, offset, weight, bias } = dFirst!;
          const dNormal = k.matMul(dA, weight1, false, true);
          return [
            k.add(dy, standardizedGradient(k, dNormal, { normal, inverse })),
            ...[k.mul(scale, half()), k.mul(offset, half()), weight, k.mul(bias, half())],
            ...scaledGradients(k, d, hidden, last, half()),
          ];
        }),
    };
  });
}

type Seven = [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, ...tf.Tensor[]];
