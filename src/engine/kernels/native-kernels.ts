import type * as tf from '@tensorflow/tfjs-core';
import type { LrnConstants } from '../ops/normalization/lrn.js';
import type { Kernels, Normalization, PoolWindow } from './kernels.js';
import { nativeConvolutions } from './native-convolutions.js';
import { chain, consuming, convAttributes, float32, int32, nativeOps } from './native-ops.js';
import {
  elementTypes,
  floats,
  fromTfjs,
  integers,
  onGpu,
  runOp,
  toTfjs,
  type Attribute,
  type NativeTensor,
} from './native-tensor.js';
import { multipliesBfloat16 } from './processor.js';

/**
 * {@link Kernels} that run TensorFlow's ops on untracked tensors: in float32, or with images and filters in bfloat16.
 *
 * @param bfloat16Filters - Whether gradients of filters are computed in bfloat16 too. Their long sums are slow and lose
 * precision where the processor has no instructions for bfloat16.
 */
export function nativeKernels(
  precision: 'float32' | 'bfloat16',
  bfloat16Filters = precision === 'bfloat16' && (onGpu() || multipliesBfloat16()),
): Kernels<NativeTensor> {
  const type = elementTypes[precision];
  const ops = nativeOps(type);
  const { T, cast, run, reshape, slice, pad, concat, ofShape } = ops;

  const normalization = (training: boolean, epsilon: number): Record<string, Attribute> => ({
    T,
    U: float32,
    epsilon: { float: epsilon },
    data_format: 'NHWC',
    is_training: training,
  });

  const kernels: Kernels<NativeTensor> = {
    from: (x) => chain(fromTfjs(x), (y) => cast(y, type)),
    vector: fromTfjs,
    toTensor: (x) => toTfjs(chain(x, (y) => cast(y, elementTypes.float32))),
    view: (x) => toTfjs(cast(x, elementTypes.float32)),
    reshape,

    ...nativeConvolutions(ops, { precision, bfloat16Filters }),
    depthwise: (x, filter, geometry) => run('DepthwiseConv2dNative', [x, filter], { T, ...convAttributes(geometry) }),
    depthwiseInput(dy, filter, input, geometry) {
      const attributes = { T, ...convAttributes(geometry) };
      return ofShape('DepthwiseConv2dNativeBackpropInput', input, (shape) => [shape, filter, dy], attributes);
    },
    depthwiseFilter(x, dy, filter, geometry) {
      const attributes = { T, ...convAttributes(geometry) };
      return ofShape('DepthwiseConv2dNativeBackpropFilter', filter, (shape) => [x, shape, dy], attributes);
    },
    addBias: (x, bias) => run('BiasAdd', [x, bias], { T, data_format: 'NHWC' }),
    biasGradient: (dy) => run('BiasAddGrad', [dy], { T, data_format: 'NHWC' }),

    batchNorm(x, scale, offset, epsilon, onStatistics) {
      const none = floats([]);
      const outputs = runOp('FusedBatchNormV3', [x, scale, offset, none, none], normalization(true, epsilon), 6);
      none.dispose();
      const [y, mean, unbiased, ...reserved] = outputs as [NativeTensor, NativeTensor, NativeTensor, ...NativeTensor[]];
      for (const each of reserved) each.dispose();
      const count = x.shape.slice(0, -1).reduce((a, b) => a * b, 1);
      const variance = run('Mul', [unbiased], { T: float32 }, floats(Math.max(count - 1, 1) / count));
      const statistics = { mean: kernels.view(mean) as tf.Tensor1D, variance: toTfjs(unbiased) as tf.Tensor1D };
      onStatistics(statistics);
      statistics.mean.dispose();
      statistics.variance.dispose();
      return {
        y,
        moments: {
          mean,
          variance,
          dispose() {
            mean.dispose();
            variance.dispose();
          },
        },
      };
    },
    normalize(x, { scale, offset, mean, variance, epsilon }) {
      const [y, ...unused] = runOp(
        'FusedBatchNormV3',
        [x, scale, offset, mean, variance],
        normalization(false, epsilon),
        6,
      );
      for (const each of unused) each.dispose();
      return y!;
    },
    normalizeGradients(dy, x, by, batch) {
      const { scale, mean, epsilon } = by;
      // The gradient op takes what the forward op stored: on a CPU mean and biased variance, on a GPU
      // 1/√(variance + ε) of a batch.
      const second = batch && onGpu() ? inverseDeviation(by) : cast(by.variance, elementTypes.float32);
      const none = floats([]);
      const inputs = [dy, x, scale, mean, second, none];
      const [dx, dScale, dOffset, ...unused] = runOp('FusedBatchNormGradV3', inputs, normalization(batch, epsilon), 5);
      for (const each of [second, none, ...unused]) each.dispose();
      return { x: dx!, scale: dScale!, offset: dOffset! };
    },

    relu: (x) => run('Relu', [x], { T }),
    reluGradient: (dy, y) => run('ReluGrad', [dy, y], { T }),
    relu6: (x) => run('Relu6', [x], { T }),
    relu6Gradient: (dy, y) => run('Relu6Grad', [dy, y], { T }),
    add: (a, b) => run('AddV2', [a, b], { T }),
    shift(x, frames, div, direction) {
      const [nf, h, w, c] = x.shape as [number, number, number, number];
      const fold = Math.floor(c / div);
      const v = reshape(x, [nf / frames, frames, h * w, c]);
      /** Moves channels by one frame and fills with zeros: `by` 1 gives y[t] = x[t + 1]. */
      const moved = (channel: number, by: 1 | -1) =>
        chain(slice(v, [0, by === 1 ? 1 : 0, 0, channel], [nf / frames, frames - 1, h * w, fold]), (part) =>
          pad(part, 1, by === 1 ? 0 : 1, by === 1 ? 1 : 0),
        );
      const parts = [
        moved(0, direction),
        moved(fold, direction === 1 ? -1 : 1),
        slice(v, [0, 0, 0, 2 * fold], [nf / frames, frames, h * w, c - 2 * fold]),
      ];
      v.dispose();
      return chain(concat(parts, 3), (y) => reshape(y, x.shape));
    },
    maxPool: (x) => run('MaxPool', [x], { T, ...pooling }),
    maxPoolGradient(dy, x, by, y) {
      // The images are processed in pieces, because the normalised x need not exist as a whole and the op
      // takes as much memory again.
      const images = x.shape[0]!;
      const atOnce = Math.ceil(images / poolPieces);
      const parts: NativeTensor[] = [];
      for (let from = 0; from < images; from += atOnce) {
        const some = (of: NativeTensor) =>
          slice(of, [from, 0, 0, 0], [Math.min(atOnce, images - from), ...of.shape.slice(1)]);
        const normal = chain(some(x), (part) => kernels.normalize(part, by));
        parts.push(
          ...consuming([normal, some(y), some(dy)], (inputs) => runOp('MaxPoolGrad', inputs, { T, ...pooling })),
        );
      }
      return parts.length === 1 ? parts[0]! : concat(parts, 0);
    },
    pool: (x, window) => run('MaxPool', [x], { T, ...windowed(window) }),
    poolGradient: (dy, x, y, window) => run('MaxPoolGrad', [x, y, dy], { T, ...windowed(window) }),
    lrn: (x, constants) => inFloat([x], (inputs) => run('LRN', inputs, { T: float32, ...normalizing(constants) })),
    lrnGradient: (dy, x, y, constants) =>
      inFloat([dy, x, y], (inputs) => run('LRNGrad', inputs, { T: float32, ...normalizing(constants) })),
    mean: (x) =>
      chain(cast(x, elementTypes.float32), (y) =>
        run('Mean', [y], { T: float32, Tidx: int32, keep_dims: false }, integers(1)),
      ),
    meanGradient(dy, places) {
      const [n, c] = dy.shape as [number, number];
      return chain(
        run('Mul', [dy], { T: float32 }, floats(1 / places)),
        (y) => reshape(y, [n, 1, c]),
        (y) => cast(y, type),
        (y) => run('BroadcastTo', [y], { T, Tidx: int32 }, integers([n, places, c])),
      );
    },
    scaleImages(x, mean, deviation) {
      const [height, width] = x.shape.slice(-3) as [number, number];
      // Scaling works on rows of pixels, because three channels are too few for the processor's vectors.
      const row = (values: readonly number[]) => floats(Array.from({ length: width * 3 }, (_, i) => values[i % 3]!));
      const epsilon = 1e-3;
      const by: Omit<Normalization<NativeTensor>, 'epsilon'> = {
        scale: row(deviation.map((d) => 1 / d)),
        offset: row([0, 0, 0]),
        mean: row(mean),
        variance: row([1, 1, 1].map((v) => v - epsilon)),
      };
      const inFloat = { ...normalization(false, epsilon), T: float32 };
      const scaled = chain(
        fromTfjs(x),
        (y) => reshape(y, [1, x.size / (width * 3), 1, width * 3]),
        (y) => {
          const [z, ...unused] = runOp('FusedBatchNormV3', [y, by.scale, by.offset, by.mean, by.variance], inFloat, 6);
          for (const each of unused) each.dispose();
          return z!;
        },
        (y) => reshape(y, [x.size / (height * width * 3), height, width, 3]),
        (y) => cast(y, type),
      );
      for (const each of Object.values(by)) each.dispose();
      return scaled;
    },
  };
  return kernels;

  /** Runs an op that has no kernel for bfloat16. */
  function inFloat(inputs: NativeTensor[], f: (inputs: NativeTensor[]) => NativeTensor): NativeTensor {
    const wide = inputs.map((x) => cast(x, elementTypes.float32));
    return chain(consuming(wide, f), (y) => cast(y, type));
  }

  function inverseDeviation({ variance, epsilon }: Normalization<NativeTensor>): NativeTensor {
    return chain(run('AddV2', [variance], { T: float32 }, floats(epsilon)), (v) => run('Rsqrt', [v], { T: float32 }));
  }
}

const poolPieces = 8;

const pooling = {
  ksize: [1, 3, 3, 1],
  strides: [1, 2, 2, 1],
  padding: 'EXPLICIT',
  explicit_paddings: [0, 0, 1, 1, 1, 1, 0, 0],
  data_format: 'NHWC',
};

const windowed = ({ size: [rows, columns], stride }: PoolWindow): Record<string, Attribute> => ({
  ksize: [1, rows, columns, 1],
  strides: [1, stride, stride, 1],
  // Explicit, so that the pools can be captured beside oneDNN (`capture/graph/one-dnn.ts`).
  padding: 'EXPLICIT',
  explicit_paddings: [0, 0, 0, 0, 0, 0, 0, 0],
  data_format: 'NHWC',
});

const normalizing = ({ radius, bias, alpha, beta }: LrnConstants): Record<string, Attribute> => ({
  depth_radius: radius,
  bias: { float: bias },
  alpha: { float: alpha },
  beta: { float: beta },
});
