import type { ParameterKind } from './parameters.js';

/** Axis orders from our memory layout to PyTorch's. */
const toTorch: Record<ParameterKind, number[]> = {
  conv: [3, 2, 0, 1],
  depthwise: [2, 3, 0, 1],
  conv3d: [4, 3, 0, 1, 2],
  conv1d: [2, 1, 0],
  pointwise: [2, 1, 0],
  linear: [1, 0],
  vector: [0],
};

/** A tensor's values with their shape. */
export interface Values {
  shape: number[];
  data: Float32Array;
}

/** The shape that PyTorch gives a parameter of our shape. */
export function torchShape(kind: ParameterKind, shape: readonly number[]): number[] {
  const permuted = toTorch[kind].map((axis) => shape[axis]!);
  return kind === 'pointwise' ? [...permuted, 1] : permuted;
}

/** Our layout → PyTorch's. */
export function toTorchLayout(kind: ParameterKind, values: Values): Values {
  return { shape: torchShape(kind, values.shape), data: permute(values, toTorch[kind]).data };
}

/** PyTorch's layout → ours. */
export function fromTorchLayout(kind: ParameterKind, { shape, data }: Values): Values {
  const order = toTorch[kind];
  const own = kind === 'pointwise' ? shape.slice(0, -1) : shape;
  return permute(
    { shape: own, data },
    order.map((_, axis) => order.indexOf(axis)),
  );
}

/** Axis i of the result is axis `order[i]` of the input. */
export function permute({ shape, data }: Values, order: number[]): Values {
  if (order.every((axis, i) => axis === i)) return { shape, data };
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const outShape = order.map((axis) => shape[axis]!);
  const outStrides = order.map((axis) => strides[axis]!);
  // As bits: a number taken out and put back may come out as another NaN.
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  const out = new Uint32Array(data.length);
  const index = new Array<number>(outShape.length).fill(0);
  let from = 0;
  for (let to = 0; to < out.length; to++) {
    out[to] = bits[from]!;
    for (let axis = outShape.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      from += outStrides[axis]!;
      if (index[axis]! < outShape[axis]!) break;
      from -= outStrides[axis]! * outShape[axis]!;
      index[axis] = 0;
    }
  }
  return { shape: outShape, data: new Float32Array(out.buffer) };
}
