import { foldedUnit, type Branch } from '../units/folded.js';
import { unitEncoder, unitScaling, type Encoder } from './encoder.js';
import { alone, convBlock, invertedResidual, type BlockNames, type ResidualNames } from './inverted-residual.js';

/** [expansion, channels at width 1, blocks, stride of the first block] (Sandler et al. 2018, table 2). */
const stages: [number, number, number, number][] = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
];

/**
 * TSM-MobileNetV2 with torchvision's parameter names and the arithmetic of Keras (padding "same", ε = 1e-3, input
 * -1..1), which published ImageNet weights of small widths need. The shift sits before the first 1×1 of each residual
 * block. C is 1280, times `width` where that is above 1.
 *
 * @param options - `width`: multiplier of all channels. `shift`: 1/shift of the channels move to
 * either side in time; 0: none.
 */
export function mobilenetV2(options: { width: number; shift: number }): Encoder {
  const { width, shift } = options;
  let inputs = divisibleBy8(32 * width);
  const stem = { in: 3, out: inputs, kernel: 3, stride: 2, first: true };
  const branches: Branch[] = [alone(convBlock(['features.0.0', 'features.0.1'], stem))];
  let index = 1;
  for (const [expansion, channels, count, firstStride] of stages) {
    const out = divisibleBy8(channels * width);
    for (let at = 0; at < count; at++) {
      const stride = at === 0 ? firstStride : 1;
      const names = namesOf(`features.${index++}.conv`, expansion);
      branches.push(invertedResidual(names, { inputs, out, expansion, kernel: 3, stride, shift }));
      inputs = out;
    }
  }
  const last = width > 1 ? divisibleBy8(1280 * width) : 1280;
  const names: BlockNames = [`features.${index}.0`, `features.${index}.1`];
  branches.push(alone(convBlock(names, { in: inputs, out: last, kernel: 1 })));
  return unitEncoder({
    units: branches.map(foldedUnit),
    channels: last,
    scaling: unitScaling,
    input: 'images',
  });
}

function namesOf(name: string, expansion: number): ResidualNames {
  const at = expansion === 1 ? 0 : 1;
  return {
    expand: [`${name}.0.0`, `${name}.0.1`],
    depthwise: [`${name}.${at}.0`, `${name}.${at}.1`],
    project: [`${name}.${at + 1}`, `${name}.${at + 2}`],
  };
}

/** The nearest multiple of 8 that is not more than 10 % below `channels` (the authors' rounding). */
function divisibleBy8(channels: number): number {
  const rounded = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return rounded < 0.9 * channels ? rounded + 8 : rounded;
}
