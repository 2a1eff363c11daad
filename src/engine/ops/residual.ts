import * as tf from '@tensorflow/tfjs-core';
import { algebra, type Algebra, type Operand } from './algebra.js';
import { differentiable } from './differentiable.js';
import { normalizationGradients, standardized } from './normalization/standardize.js';

/** The last layer of a residual branch: weight `[I, C]`, bias `[C]`, and a factor for each channel `[C]`. */
export interface ScaledLinear {
  weight: tf.Tensor2D;
  bias: tf.Tensor1D;
  scale: tf.Tensor1D;
}

/** Factors of a branch, one per row `[N, 1]` or per value `[N, C]`, without a gradient; null: none. */
export type Share = tf.Tensor2D | null;

/** rows + share·(x·W + b)·scale: rows `[N, C]`, x `[N, I]` → `[N, C]`. Parameters must outlive the pass. */
export function projectedResidual(rows: tf.Tensor2D, x: tf.Tensor2D, last: ScaledLinear, share: Share): tf.Tensor2D {
  const k = algebra();
  return differentiable([rows, x, last.weight, last.bias, last.scale], () => {
    const { value, product } = tf.tidy(() => branchEnd(k, rows, x, last, share, k.scalar(1)));
    return {
      value,
      saved: share ? [x, product, share] : [x, product],
      gradient: (dy, [x, product, share]) =>
        tf.tidy(() => {
          const d = share ? k.mul(dy, share) : dy;
          const gradients = branchEndGradients(k, d, x!, product!, last, k.scalar(1));
          return [tf.clone(dy), gradients.x, gradients.weight, gradients.bias, gradients.scale];
        }),
    };
  });
}

/** rows + share·(factor·x·W + b)·scale, and the product x·W. */
function branchEnd(
  k: Algebra,
  rows: tf.Tensor,
  x: tf.Tensor,
  { weight, bias, scale }: ScaledLinear,
  share: Share,
  factor: Operand,
): { value: tf.Tensor; product: tf.Tensor } {
  const product = k.matMul(x, weight);
  const branch = k.add(k.mul(product, k.mul(scale, factor)), k.mul(bias, scale));
  return { value: k.add(rows, share ? k.mul(branch, share) : branch), product };
}

/** Gradients of {@link branchEnd} except those of its rows and share. */
function branchEndGradients(
  k: Algebra,
  d: tf.Tensor,
  x: tf.Tensor,
  product: tf.Tensor,
  { weight, bias, scale }: ScaledLinear,
  factor: Operand,
): Record<'x' | keyof ScaledLinear, tf.Tensor> {
  const dProduct = k.mul(d, k.mul(scale, factor));
  const columns = k.sum(d, 0);
  return {
    x: k.matMul(dProduct, weight, false, true),
    weight: k.matMul(x, dProduct, true),
    bias: k.mul(columns, scale),
    scale: k.add(k.mul(k.sum(k.mul(d, product), 0), factor), k.mul(columns, bias)),
  };
}

/**
 * A transformer's MLP: normalisation (scale, offset) and linear layer to H channels, GELU, and the linear layer back.
 */
export interface FeedForward {
  first: { scale: tf.Tensor1D; offset: tf.Tensor1D; weight: tf.Tensor2D; bias: tf.Tensor1D };
  last: ScaledLinear;
  /** Factors of the hidden values, `[N, H]`; null: none. */
  hiddenShare: Share;
}

/** x + share·MLP(x) of rows x `[N, C]`, with GELU(h) = h·Φ(h). Parameters must outlive the pass. */
export function feedForwardResidual(
  x: tf.Tensor2D,
  { first, last, hiddenShare }: FeedForward,
  share: Share,
): tf.Tensor2D {
  const k = algebra();
  // With a = h/√2: 2·Φ(h) = 1 + erf(a) and GELU(h) = a·(1 + erf(a))/√2. The constants are multiplied into the
  // parameters, which are fewer than the values.
  const half = () => k.scalar(Math.SQRT1_2);
  const parameters = [first.scale, first.offset, first.weight, first.bias, last.weight, last.bias, last.scale];
  return differentiable([x, ...parameters], () => {
    const { value, normal, inverse, scaled, a, twice, hidden, product } = tf.tidy(() => {
      const { normal, inverse } = standardized(k, x);
      const scaled = k.add(k.mul(normal, k.mul(first.scale, half())), k.mul(first.offset, half()));
      const a = k.add(k.matMul(scaled, first.weight), k.mul(first.bias, half()));
      const twice = k.add(k.erf(a), k.scalar(1));
      const whole = k.mul(a, twice);
      const hidden = hiddenShare ? k.mul(whole, hiddenShare) : whole;
      return { ...branchEnd(k, x, hidden, last, share, half()), normal, inverse, scaled, a, twice, hidden };
    });
    const shares = [share, hiddenShare].filter((one) => one !== null);
    return {
      value,
      saved: [normal, inverse, scaled, a, twice, hidden, product, ...shares],
      gradient: (dy, saved) =>
        tf.tidy(() => {
          const [normal, inverse, scaled, a, twice, hidden, product, ...shares] = saved as Seven;
          const d = share ? k.mul(dy, shares[0]!) : dy;
          const end = branchEndGradients(k, d, hidden, product, last, half());
          const dWhole = hiddenShare ? k.mul(end.x, shares.at(-1)!) : end.x;
          // The derivative with respect to a is 1 + erf(a) + a·2/√π·exp(-a²).
          const density = k.exp(k.sub(k.scalar(Math.log(2 / Math.sqrt(Math.PI))), k.square(a)));
          const dA = k.mul(dWhole, k.add(twice, k.mul(a, density)));
          const dScaled = k.matMul(dA, first.weight, false, true);
          const norm = normalizationGradients(k, dScaled, { normal, inverse }, k.mul(first.scale, half()));
          return [
            k.add(dy, norm.x),
            k.mul(norm.scale, half()),
            k.mul(norm.offset, half()),
            k.matMul(scaled, dA, true),
            k.mul(k.sum(dA, 0), half()),
            ...[end.weight, end.bias, end.scale],
          ];
        }),
    };
  });
}

type Seven = [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, ...tf.Tensor[]];
