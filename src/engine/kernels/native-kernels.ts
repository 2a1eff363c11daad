import type * as tf from '@tensorflow/tfjs-core';
import type { ConvGeometry, Padding } from '../ops/convolution/conv2d.js';
import { bothAxes } from '../ops/convolution/conv2d.js';
import type { Kernels, Normalization } from './kernels.js';
import { multipliesBfloat16, usesOneDnn } from './processor.js';
import {
  elementTypes,
  floats,
  fromTfjs,
  integers,
  NativeTensor,
  onGpu,
  runOp,
  toTfjs,
  type Attribute,
} from './native-tensor.js';

const float32 = { type: elementTypes.float32 };
const int32 = { type: elementTypes.int32 };

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
  const T = { type };
  const eigen = !onGpu() && !usesOneDnn();

  const cast = (x: NativeTensor, to: number): NativeTensor =>
    runOp(x.type === to ? 'Identity' : 'Cast', [x], x.type === to ? { T: { type: to } } : casting(x.type, to))[0]!;
  /** Runs an op with one output. `constants` are its last inputs and are freed here. */
  const run = (
    op: string,
    inputs: NativeTensor[],
    attributes: Record<string, Attribute>,
    ...constants: NativeTensor[]
  ) => {
    const [y] = runOp(op, [...inputs, ...constants], attributes);
    for (const constant of constants) constant.dispose();
    return y!;
  };

  const reshape = (x: NativeTensor, shape: readonly number[]) =>
    run('Reshape', [x], { T: { type: x.type }, Tshape: int32 }, integers(shape));
  const slice = (x: NativeTensor, from: readonly number[], size: readonly number[]) =>
    run('Slice', [x], { T, Index: int32 }, integers(from), integers(size));
  const pad = (x: NativeTensor, axis: number, before: number, after: number) => {
    const paddings = x.shape.flatMap((_, i) => (i === axis ? [before, after] : [0, 0]));
    const flat = integers(paddings);
    return run('Pad', [x], { T, Tpaddings: int32 }, shaped(flat, [x.shape.length, 2]));
  };
  const concat = (parts: NativeTensor[], axis: number) => {
    const [y] = consuming(parts, (all) => [run('ConcatV2', all, { T, N: all.length, Tidx: int32 }, integers(axis))]);
    return y;
  };
  const transpose = (x: NativeTensor, order: readonly number[]) =>
    run('Transpose', [x], { T: { type: x.type }, Tperm: int32 }, integers(order));
  /** Selects rows or columns of a filter. */
  const taps = (filter: NativeTensor, axis: number, which: readonly number[]) =>
    run(
      'GatherV2',
      [filter],
      { Tparams: T, Tindices: int32, Taxis: int32, batch_dims: 0 },
      integers(which),
      integers(axis),
    );
  const convolve = (x: NativeTensor, filter: NativeTensor, geometry: ConvGeometry) =>
    run('Conv2D', [x, filter], { T, ...convAttributes(geometry) });

  /** The filter rotated by 180° with inputs and outputs swapped: `[kh, kw, O, C]`. */
  function turned(filter: NativeTensor): NativeTensor {
    const [kh, kw, inputs, outputs] = filter.shape as [number, number, number, number];
    if (kh * kw === 1) return transpose(filter, [0, 1, 3, 2]);
    // The filter is treated as a list of matrices: two such steps are faster than the general ones on four axes.
    return chain(
      reshape(filter, [kh * kw, inputs, outputs]),
      (x) => run('ReverseV2', [x], { T, Tidx: int32 }, integers([0])),
      (x) => transpose(x, [0, 2, 1]),
      (x) => reshape(x, [kh, kw, outputs, inputs]),
    );
  }

  /** Gradient of the input at stride 1, computed as a forward convolution, for which the CPU has far faster kernels. */
  function inputOfEven(dy: NativeTensor, filter: NativeTensor, { pad }: ConvGeometry): NativeTensor {
    const [kh, kw] = filter.shape as [number, number];
    const [top, bottom, left, right] = pad;
    const around: Padding = [kh - 1 - top, kh - 1 - bottom, kw - 1 - left, kw - 1 - right];
    return chain(turned(filter), (w) => convolve(dy, w, { stride: 1, pad: around }));
  }

  /**
   * Gradient of the input at stride 2 for a 3×3 filter padded by 1. Even rows and columns of the input see
   * only the middle of the filter, odd ones its two sides, so four small forward convolutions give the
   * gradient at the four kinds of places.
   */
  function inputOfStride2(dy: NativeTensor, filter: NativeTensor, [, height, width]: readonly number[]): NativeTensor {
    const whole = turned(filter);
    const sides = [[1], [0, 2]];
    const kinds = [0, 1].flatMap((odd) => {
      const rows = taps(whole, 0, sides[odd]!);
      const places = [0, 1].map((oddColumn) =>
        chain(taps(rows, 1, sides[oddColumn]!), (w) => convolve(dy, w, { stride: 1, pad: [0, odd, 0, oddColumn] })),
      );
      rows.dispose();
      return places;
    });
    whole.dispose();
    return interleaved(concat(kinds, 3), height!, width!);
  }

  /** Gradient of the input at stride 2 for a 1×1 filter, which has seen only even rows and columns. */
  function inputOfPoints(dy: NativeTensor, filter: NativeTensor, [, height, width]: readonly number[]): NativeTensor {
    const places = chain(turned(filter), (w) => convolve(dy, w, { stride: 1, pad: [0, 0, 0, 0] }));
    const inputs = places.shape[3]!;
    return interleaved(
      chain(places, (x) => pad(x, 3, 0, 3 * inputs)),
      height!,
      width!,
    );
  }

  /** Interleaves the four kinds of places, `[N, h, w, 4·C]` → `[N, H, W, C]`; consumes x. */
  function interleaved(x: NativeTensor, height: number, width: number): NativeTensor {
    const all = chain(x, (x) => run('DepthToSpace', [x], { T, block_size: 2, data_format: 'NHWC' }));
    const [n, h, w, c] = all.shape as [number, number, number, number];
    return h === height && w === width ? all : chain(all, (x) => slice(x, [0, 0, 0, 0], [n, height, width, c]));
  }

  /**
   * Computes a filter's gradient without explicit padding, which the fast kernels of bfloat16 do not support. Where
   * TensorFlow's "same" padding is equal, it is used; otherwise x is padded by hand, only as far as the filter reaches.
   */
  function withoutExplicitPadding(
    x: NativeTensor,
    dy: NativeTensor,
    [kh, kw]: readonly number[],
    { stride, pad: [top, bottom, left, right] }: ConvGeometry,
    run: (x: NativeTensor, dy: NativeTensor, padding: Record<string, Attribute>) => NativeTensor,
  ): NativeTensor {
    const [, height, width] = x.shape as [number, number, number];
    const [, oh, ow] = dy.shape as [number, number, number];
    const [down, across] = bothAxes(stride);
    const rows = (oh - 1) * down + kh! - height;
    const columns = (ow - 1) * across + kw! - width;
    const none = { explicit_paddings: [] };
    const same = (total: number, before: number, after: number) =>
      Math.max(total, 0) === before + after && before === Math.floor(total / 2);
    if (same(rows, top, bottom) && same(columns, left, right)) return run(x, dy, { padding: 'SAME', ...none });
    return chain(
      pad(x, 1, top, Math.max(rows - top, 0)),
      (y) => pad(y, 2, left, Math.max(columns - left, 0)),
      (y) => run(y, dy, { padding: 'VALID', ...none }),
    );
  }

  /**
   * A filter's gradient as a forward convolution with the axes of images and channels swapped: the output's gradient,
   * dilated by the stride, is the filter, and the filter's taps are the places. In float32.
   */
  function filterForwards(
    x: NativeTensor,
    dy: NativeTensor,
    [kh, kw]: readonly number[],
    { stride, pad: [top, , left] }: ConvGeometry,
  ): NativeTensor {
    const [, height, width] = x.shape as [number, number, number];
    const [, oh, ow] = dy.shape as [number, number, number];
    const [down, across] = bothAxes(stride);
    const pad: Padding = [top, kh! + (oh - 1) * down - height - top, left, kw! + (ow - 1) * across - width - left];
    const channelsFirst = transpose(x, [3, 1, 2, 0]);
    const imagesLast = transpose(dy, [1, 2, 0, 3]);
    const [gradient] = consuming([channelsFirst, imagesLast], (inputs) =>
      runOp('Conv2D', inputs, { T: float32, ...convAttributes({ stride: 1, pad }), dilations: [1, down, across, 1] }),
    );
    return chain(gradient!, (g) => transpose(g, [1, 2, 0, 3]));
  }

  /** Runs an op that takes the shape of its output as an input. */
  const ofShape = (
    op: string,
    shape: readonly number[],
    inputs: (shape: NativeTensor) => NativeTensor[],
    attributes: Record<string, Attribute>,
  ) => consuming([integers(shape)], ([constant]) => runOp(op, inputs(constant!), attributes)[0]!);

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

    conv2d: convolve,
    conv2dInput(dy, filter, input, geometry) {
      const [kh, kw] = filter.shape as [number, number];
      const [down, across] = bothAxes(geometry.stride);
      if (!onGpu()) {
        if (down === 1 && across === 1) return inputOfEven(dy, filter, geometry);
        const around = geometry.pad.join();
        if (down === 2 && across === 2 && kh === 3 && kw === 3 && around === '1,1,1,1')
          return inputOfStride2(dy, filter, input);
        if (down === 2 && across === 2 && kh * kw === 1 && around === '0,0,0,0')
          return inputOfPoints(dy, filter, input);
      }
      const attributes = { T, ...convAttributes(geometry) };
      return ofShape('Conv2DBackpropInput', input, (shape) => [shape, filter, dy], attributes);
    },
    conv2dFilter(x, dy, filter, geometry) {
      const run = (x: NativeTensor, dy: NativeTensor, padding: Record<string, Attribute>) => {
        const attributes = { T: { type: x.type }, ...convAttributes(geometry), ...padding };
        return ofShape('Conv2DBackpropFilter', filter, (shape) => [x, shape, dy], attributes);
      };
      if (bfloat16Filters) return withoutExplicitPadding(x, dy, filter, geometry, run);
      const inFloat = (x: NativeTensor, dy: NativeTensor) =>
        eigen && quickForwards(x, filter, geometry) ? filterForwards(x, dy, filter, geometry) : run(x, dy, {});
      if (precision === 'float32') return inFloat(x, dy);
      return chain(cast(x, elementTypes.float32), (x) => chain(cast(dy, elementTypes.float32), (dy) => inFloat(x, dy)));
    },
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

  function inverseDeviation({ variance, epsilon }: Normalization<NativeTensor>): NativeTensor {
    return chain(run('AddV2', [variance], { T: float32 }, floats(epsilon)), (v) => run('Rsqrt', [v], { T: float32 }));
  }
}

/**
 * Where Eigen's forward convolution is faster than its gradient of the filter (docs/performance.md): not for 1×1, nor
 * at stride 2 except with at most four input channels.
 */
function quickForwards(x: NativeTensor, [kh, kw]: readonly number[], { stride }: ConvGeometry): boolean {
  const [down, across] = bothAxes(stride);
  return kh! * kw! > 1 && (down * across === 1 || x.shape[3]! <= 4);
}

const poolPieces = 8;

const pooling = {
  ksize: [1, 3, 3, 1],
  strides: [1, 2, 2, 1],
  padding: 'EXPLICIT',
  explicit_paddings: [0, 0, 1, 1, 1, 1, 0, 0],
  data_format: 'NHWC',
};

function convAttributes({ stride, pad: [top, bottom, left, right] }: ConvGeometry): Record<string, Attribute> {
  return {
    strides: [1, ...bothAxes(stride), 1],
    padding: 'EXPLICIT',
    explicit_paddings: [0, 0, top, bottom, left, right, 0, 0],
    data_format: 'NHWC',
    dilations: [1, 1, 1, 1],
  };
}

function casting(from: number, to: number): Record<string, Attribute> {
  return { SrcT: { type: from }, DstT: { type: to }, Truncate: false };
}

/** Applies steps one after the other and frees each intermediate result; consumes x. */
function chain(x: NativeTensor, ...steps: ((x: NativeTensor) => NativeTensor)[]): NativeTensor {
  return steps.reduce((before, step) => {
    const after = step(before);
    before.dispose();
    return after;
  }, x);
}

function consuming<R>(inputs: NativeTensor[], f: (inputs: NativeTensor[]) => R): R {
  const result = f(inputs);
  for (const input of inputs) input.dispose();
  return result;
}

/** Reshapes a constant; consumes it. */
function shaped(x: NativeTensor, shape: readonly number[]): NativeTensor {
  const dimensions = integers(shape);
  const [y] = runOp('Reshape', [x, dimensions], { T: { type: x.type }, Tshape: int32 });
  x.dispose();
  dimensions.dispose();
  return y!;
}
