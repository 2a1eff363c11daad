import { conv2d, depthwiseConv2d, type EvenGeometry, type Padding } from '../../engine/ops/convolution/conv2d.js';
import type { Layer } from './layer.js';

export interface ConvOptions {
  in: number;
  out: number;
  kernel: number;
  stride?: number;
  /** `symmetric`: PyTorch's, (k - 1) / 2 on every side; `same`: TensorFlow's, which at stride 2 depends on the size. */
  padding?: 'symmetric' | 'same';
  /** True where the input is the image, whose gradient is not needed. */
  first?: boolean;
}

/** Stride and padding of a convolution on images `[N, H, W, C]`. */
export function geometryOf(
  [, height, width]: readonly number[],
  { kernel, stride = 1, padding = 'symmetric' }: Pick<ConvOptions, 'kernel' | 'stride' | 'padding'>,
): EvenGeometry {
  const p = (kernel - 1) / 2;
  if (padding === 'symmetric') return { stride, pad: [p, p, p, p] };
  const along = (size: number): [number, number] => {
    const total = Math.max((Math.ceil(size / stride) - 1) * stride + kernel - size, 0);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  };
  const pad: Padding = [...along(height!), ...along(width!)];
  return { stride, pad };
}

/** Convolution without bias: x `[N, H, W, in]` → `[N, H', W', out]`. */
export function conv(name: string, options: ConvOptions): Layer {
  const { in: inputs, out, kernel, first = false } = options;
  const weight = `${name}.weight`;
  return {
    parameters: [
      {
        name: weight,
        kind: 'conv',
        shape: [kernel, kernel, inputs, out],
        init: { type: 'he-normal', fanOut: kernel * kernel * out },
        trainable: true,
      },
    ],
    apply: (x, pass) =>
      conv2d(x, pass.parameters.get(weight), { ...geometryOf(x.shape, options), inputGradient: !first }),
  };
}

/** Depthwise convolution without bias: x `[N, H, W, C]` → `[N, H', W', C]`. */
export function depthwise(
  name: string,
  options: Omit<ConvOptions, 'in' | 'out' | 'first'> & { channels: number },
): Layer {
  const { channels, kernel } = options;
  const weight = `${name}.weight`;
  return {
    parameters: [
      {
        name: weight,
        kind: 'depthwise',
        shape: [kernel, kernel, channels, 1],
        init: { type: 'he-normal', fanOut: kernel * kernel },
        trainable: true,
      },
    ],
    apply: (x, pass) => depthwiseConv2d(x, pass.parameters.get(weight), geometryOf(x.shape, options)),
  };
}
