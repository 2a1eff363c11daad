import type { ParameterKind } from '../parameters.js';

/** Permutations of axes from our memory layout to PyTorch's. */
const toTorch: Record<ParameterKind, number[]> = {
  conv: [3, 2, 0, 1],
  depthwise: [2, 3, 0, 1],
  conv3d: [4, 3, 0, 1, 2],
  conv1d: [2, 1, 0],
  pointwise: [2, 1, 0],
  linear: [1, 0],
  flattened: [3, 2, 0, 1],
  codebook: [0, 1],
  vector: [0],
};

/** The values of a tensor and its shape. */
export interface Values {
  shape: number[];
  data: Float32Array;
}

/** The shape in PyTorch of a parameter that has `shape` here. */
export function torchShape(kind: ParameterKind, shape: readonly number[]): number[] {
  const permuted = toTorch[kind].map((axis) => shape[axis]!);
  if (kind === 'flattened') return [permuted[0]!, permuted.slice(1).reduce((a, b) => a * b, 1)];
  return kind === 'pointwise' ? [...permuted, 1] : permuted;
}

/** Converts values from our layout to PyTorch's. */
export function toTorchLayout(kind: ParameterKind, values: Values): Values {
  return { shape: torchShape(kind, values.shape), data: permute(values, toTorch[kind]).data };
}

/**
 * Converts values from PyTorch's layout to ours.
 *
 * @param own - The parameter's shape here, which PyTorch's does not tell of a layer of a flattened map.
 */
export function fromTorchLayout(kind: ParameterKind, { data }: Pick<Values, 'data'>, own: readonly number[]): Values {
  const order = toTorch[kind];
  return permute(
    { shape: order.map((axis) => own[axis]!), data },
    order.map((_, axis) => order.indexOf(axis)),
  );
}

/** Permutes axes: axis i of the result is axis `order[i]` of the input. */
export function permute({ shape, data }: Values, order: number[]): Values {
  if (order.every((axis, i) => axis === i)) return { shape, data };
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const outShape = order.map((axis) => shape[axis]!);
  const outStrides = order.map((axis) => strides[axis]!);
  // Values are copied as 32-bit integers, because copying floats may change the bits of a NaN.
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  const out = new Uint32Array(data.length);
  let to = 0;
  const copy = (axis: number, from: number): void => {
    const end = from + outShape[axis]! * outStrides[axis]!;
    const stride = outStrides[axis]!;
    if (axis < outShape.length - 1) for (let at = from; at < end; at += stride) copy(axis + 1, at);
    else for (let at = from; at < end; at += stride) out[to++] = bits[at]!;
  };
  copy(0, 0);
  return { shape: outShape, data: new Float32Array(out.buffer) };
}
