import type { Padding } from '../ops/convolution/conv2d.js';
import { bothAxes, type ConvGeometry } from '../ops/convolution/conv2d.js';
import type { Kernels } from './kernels.js';
import { chain, consuming, convAttributes, float32, int32, type NativeOps } from './native-ops.js';
import { elementTypes, integers, onGpu, runOp, type Attribute, type NativeTensor } from './native-tensor.js';
import { usesOneDnn } from './processor.js';

type Convolutions = Pick<Kernels<NativeTensor>, 'conv2d' | 'conv2dInput' | 'conv2dFilter'>;

/** How convolutions and their gradients are computed in a precision. */
interface ConvolutionOptions {
  precision: 'float32' | 'bfloat16';
  /** Whether gradients of filters are computed in bfloat16 too. */
  bfloat16Filters: boolean;
}

/** The convolutions of {@link Kernels} on untracked tensors, each by the kernel that is fastest where it runs. */
export function nativeConvolutions(
  { T, cast, run, reshape, slice, pad, concat, transpose, taps, convolve, ofShape }: NativeOps,
  { precision, bfloat16Filters }: ConvolutionOptions,
): Convolutions {
  const eigen = !onGpu() && !usesOneDnn();

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

  return {
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
  };
}

/**
 * Where Eigen's forward convolution is faster than its gradient of the filter (docs/performance.md): not for 1×1, nor
 * at stride 2 except with at most four input channels.
 */
function quickForwards(x: NativeTensor, [kh, kw]: readonly number[], { stride }: ConvGeometry): boolean {
  const [down, across] = bothAxes(stride);
  return kh! * kw! > 1 && (down * across === 1 || x.shape[3]! <= 4);
}
