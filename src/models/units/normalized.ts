import type { BatchMoments, Held, Kernels, Normalization } from '../../engine/kernels/kernels.js';
import type { ConvGeometry } from '../../engine/ops/convolution/conv2d.js';
import { batchNorm } from '../layers/batch-norm-layer.js';
import { conv, type ConvOptions } from '../layers/conv.js';
import type { Pass } from '../layers/layer.js';
import type { ParameterSpec } from '../parameters.js';
import type { Gradients } from './unit.js';

const epsilon = 1e-5;

/**
 * A convolution without bias and the batch normalisation behind it: their parameters' names
 * and the convolution's geometry.
 */
export interface NormalizedConv {
  parameters: ParameterSpec[];
  weight: string;
  normalization: string;
  geometry: ConvGeometry;
}

export function normalizedConv(convolution: string, normalization: string, options: ConvOptions): NormalizedConv {
  const { kernel, stride = 1, out } = options;
  const p = (kernel - 1) / 2;
  return {
    parameters: [...conv(convolution, options).parameters, ...batchNorm(normalization, out, epsilon).parameters],
    weight: `${convolution}.weight`,
    normalization,
    geometry: { stride, pad: [p, p, p, p] },
  };
}

/** A pass through a {@link NormalizedConv}, which keeps the convolution's output. */
export interface NormalizedPass<T extends Held> {
  /** Computes the normalised output again from what is kept. */
  output(): T;
  /** Gradient of the normalised output, given that of its max pool. */
  throughMaxPool(dPooled: T, pooled: T): T;
  /** Frees the convolution's output too; `restore` computes it again from the input x. */
  forget(): void;
  restore(x: T): void;
  /**
   * Adds the gradients of the trained parameters to `gradients` and frees what was kept.
   *
   * @param dy - Gradient of the output; stays the caller's.
   * @param dx - Whether the gradient of the input is wanted.
   * @returns The gradient of the input x, or null where it is not wanted.
   */
  backward(dy: T, x: T, dx: boolean, gradients: Gradients): T | null;
  dispose(): void;
}

/** Convolves and normalises x. Returns the output, which is the caller's, and the record of the pass. */
export function recordNormalized<T extends Held>(
  k: Kernels<T>,
  x: T,
  { weight, normalization: name, geometry }: NormalizedConv,
  pass: Pass,
): { y: T; record: NormalizedPass<T> } {
  const { parameters } = pass;
  const ofBatch = pass.normalization === 'batch';
  const convolve = (x: T) => {
    const filter = k.from(parameters.get(weight));
    const y = k.conv2d(x, filter, geometry);
    filter.dispose();
    return y;
  };
  // Null between `forget` and `restore`.
  let convolved: T | null = convolve(x);
  const scale = k.vector(parameters.get(`${name}.weight`));
  const offset = k.vector(parameters.get(`${name}.bias`));

  let y: T;
  let moments: BatchMoments<T>;
  if (ofBatch) {
    ({ y, moments } = k.batchNorm(convolved, scale, offset, epsilon, (statistics) =>
      pass.onStatistics?.(name, statistics),
    ));
  } else {
    const mean = k.vector(parameters.get(`${name}.running_mean`));
    const variance = k.vector(parameters.get(`${name}.running_var`));
    y = k.normalize(convolved, { scale, offset, mean, variance, epsilon });
    moments = {
      mean,
      variance,
      dispose() {
        mean.dispose();
        variance.dispose();
      },
    };
  }
  const by: Normalization<T> = { scale, offset, mean: moments.mean, variance: moments.variance, epsilon };
  const dispose = () => {
    convolved?.dispose();
    scale.dispose();
    offset.dispose();
    moments.dispose();
  };
  const record: NormalizedPass<T> = {
    output: () => k.normalize(convolved!, by),
    throughMaxPool: (dPooled, pooled) => k.maxPoolGradient(dPooled, convolved!, by, pooled),
    forget() {
      convolved?.dispose();
      convolved = null;
    },
    restore(x) {
      convolved ??= convolve(x);
    },
    backward(dy, x, wantsInput, gradients) {
      const through = k.normalizeGradients(dy, convolved!, by, ofBatch);
      dispose();
      for (const [part, gradient] of [
        ['weight', through.scale],
        ['bias', through.offset],
      ] as const) {
        if (parameters.variable(`${name}.${part}`).trainable) gradients.set(`${name}.${part}`, k.toTensor(gradient));
        else gradient.dispose();
      }
      const { shape } = parameters.get(weight);
      if (parameters.variable(weight).trainable)
        gradients.set(weight, k.toTensor(k.conv2dFilter(x, through.x, shape, geometry)));
      let dx: T | null = null;
      if (wantsInput) {
        const filter = k.from(parameters.get(weight));
        dx = k.conv2dInput(through.x, filter, x.shape, geometry);
        filter.dispose();
      }
      through.x.dispose();
      return dx;
    },
    dispose,
  };
  return { y, record };
}
