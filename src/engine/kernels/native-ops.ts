import { bothAxes, type ConvGeometry } from '../ops/convolution/conv2d.js';
import { elementTypes, integers, runOp, type Attribute, type NativeTensor } from './native-tensor.js';

export const float32 = { type: elementTypes.float32 };
export const int32 = { type: elementTypes.int32 };

/** TensorFlow's plain ops on untracked tensors of one element type, as other kernels are made of them. */
export type NativeOps = ReturnType<typeof nativeOps>;

/** {@link NativeOps} for images and filters of `type`. */
export function nativeOps(type: number) {
  const T = { type };

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

  /** Runs an op that takes the shape of its output as an input. */
  const ofShape = (
    op: string,
    shape: readonly number[],
    inputs: (shape: NativeTensor) => NativeTensor[],
    attributes: Record<string, Attribute>,
  ) => consuming([integers(shape)], ([constant]) => runOp(op, inputs(constant!), attributes)[0]!);

  return { T, cast, run, reshape, slice, pad, concat, transpose, taps, convolve, ofShape };
}

/** Attributes of a convolution of a geometry. */
export function convAttributes({ stride, pad: [top, bottom, left, right] }: ConvGeometry): Record<string, Attribute> {
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
export function chain(x: NativeTensor, ...steps: ((x: NativeTensor) => NativeTensor)[]): NativeTensor {
  return steps.reduce((before, step) => {
    const after = step(before);
    before.dispose();
    return after;
  }, x);
}

/** Applies a function and frees its inputs. */
export function consuming<R>(inputs: NativeTensor[], f: (inputs: NativeTensor[]) => R): R {
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
