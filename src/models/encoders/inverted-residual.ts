import type { ConvOptions } from '../layers/conv.js';
import type { Branch, ConvBlock } from '../units/folded.js';

/** ε of Keras' batch normalisations, with which these networks were trained. */
const epsilon = 1e-3;

/** Parameter names of a convolution (without `.weight`) and of the batch normalisation behind it. */
export type BlockNames = readonly [conv: string, normalization: string];

/** Names of the blocks of an inverted residual. One with expansion 1 has no block `expand`. */
export interface ResidualNames {
  expand: BlockNames;
  depthwise: BlockNames;
  project: BlockNames;
}

/** A block with Keras' padding ("same"), and a ReLU6 behind the normalisation. */
export const convBlock = (
  [name, normalization]: BlockNames,
  options: ConvOptions,
  more: Partial<ConvBlock> = {},
): ConvBlock => ({
  ...{ name, normalization, epsilon, depthwise: false, relu6: true, padding: 'same' },
  ...options,
  ...more,
});

/** A branch of a single block: a stem, or the last 1×1 convolution. */
export const alone = (block: ConvBlock): Branch => ({ blocks: [block], identity: false, shift: 0 });

/**
 * An inverted residual (Sandler et al. 2018, §3.3): a 1×1 convolution to `expansion` times the channels (left out where
 * `expansion` is 1), a depthwise convolution, and a 1×1 convolution to `out` channels. Blocks that add their input have
 * TSM's shift before the first 1×1.
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
