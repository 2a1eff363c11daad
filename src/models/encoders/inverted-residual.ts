import type { ConvOptions } from '../layers/conv.js';
import type { Branch, ConvBlock } from '../units/folded.js';

/** Keras' ε of batch normalisations, which these networks were trained with. */
const epsilon = 1e-3;

/** The names of a convolution, less `.weight`, and of the normalisation behind it. */
export type BlockNames = readonly [conv: string, normalization: string];

/** Of the blocks of an inverted residual; one that does not expand leaves the first out. */
export interface ResidualNames {
  expand: BlockNames;
  depthwise: BlockNames;
  project: BlockNames;
}

/** Padding as Keras does it ("same"), a ReLU6 behind the normalisation. */
export const convBlock = (
  [name, normalization]: BlockNames,
  options: ConvOptions,
  more: Partial<ConvBlock> = {},
): ConvBlock => ({
  ...{ name, normalization, epsilon, depthwise: false, relu6: true, padding: 'same' },
  ...options,
  ...more,
});

/** One block as it stands alone: a stem, or the last 1×1. */
export const alone = (block: ConvBlock): Branch => ({ blocks: [block], identity: false, shift: 0 });

/**
 * An inverted residual (Sandler et al. 2018, §3.3): 1×1 to `expansion` times the channels, where that is more, a depthwise convolution, 1×1 to `out`.
 * TSM's shift sits before the first 1×1 of those that add their input.
 */
export function invertedResidual(
  names: ResidualNames,
  options: { inputs: number; out: number; expansion: number; kernel: number; stride: number; shift: number },
): Branch {
  const { inputs, out, expansion, kernel, stride, shift } = options;
  const hidden = inputs * expansion;
  const identity = stride === 1 && inputs === out;
  const blocks = [
    ...(expansion === 1 ? [] : [convBlock(names.expand, { in: inputs, out: hidden, kernel: 1 })]),
    convBlock(names.depthwise, { in: hidden, out: hidden, kernel, stride }, { depthwise: true }),
    convBlock(names.project, { in: hidden, out, kernel: 1 }, { relu6: false }),
  ];
  return { blocks, identity, shift: identity ? shift : 0 };
}
