import { relu6 } from '../../engine/ops/activation.js';
import { batchNorm } from '../layers/batch-norm.js';
import { conv, depthwise } from '../layers/conv.js';
import type { Layer } from '../layers/layer.js';
import { sequence } from '../layers/layer.js';
import { residual } from '../layers/residual.js';
import { shifted } from '../layers/shift.js';
import { tapedUnit } from '../units/taped.js';
import { unitEncoder, unitScaling, type Encoder } from './encoder.js';

/** [expansion, channels at width 1, blocks, stride of the first] (Sandler et al. 2018, table 2). */
const stages: [number, number, number, number][] = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
];

const epsilon = 1e-3;

/**
 * TSM-MobileNetV2: torchvision's parameter names, Keras' arithmetic (padding "same", ε = 1e-3, input -1..1), which the
 * ImageNet weights of small widths come with. The shift sits before the first 1×1 of each residual block.
 */
export function mobilenetV2(options: { width: number; shift: number }): Encoder {
  const { width, shift } = options;
  let inputs = divisibleBy8(32 * width);
  const blocks: Layer[] = [
    sequence(
      conv('features.0.0', { in: 3, out: inputs, kernel: 3, stride: 2, padding: 'same', first: true }),
      batchNorm('features.0.1', inputs, epsilon),
      activation,
    ),
  ];
  let index = 1;
  for (const [expansion, channels, count, firstStride] of stages) {
    const out = divisibleBy8(channels * width);
    for (let block = 0; block < count; block++) {
      const stride = block === 0 ? firstStride : 1;
      blocks.push(invertedResidual(`features.${index++}.conv`, { inputs, out, expansion, stride, shift }));
      inputs = out;
    }
  }
  const last = width > 1 ? divisibleBy8(1280 * width) : 1280;
  blocks.push(
    sequence(
      conv(`features.${index}.0`, { in: inputs, out: last, kernel: 1 }),
      batchNorm(`features.${index}.1`, last, epsilon),
      activation,
    ),
  );
  return unitEncoder({
    units: blocks.map((block) => tapedUnit(block)),
    channels: last,
    scaling: unitScaling,
    input: 'images',
  });
}

const activation: Layer = { parameters: [], apply: relu6 };

function invertedResidual(
  name: string,
  options: { inputs: number; out: number; expansion: number; stride: number; shift: number },
): Layer {
  const { inputs, out, expansion, stride, shift } = options;
  const hidden = inputs * expansion;
  const expand =
    expansion === 1
      ? []
      : [
          conv(`${name}.0.0`, { in: inputs, out: hidden, kernel: 1 }),
          batchNorm(`${name}.0.1`, hidden, epsilon),
          activation,
        ];
  const at = expansion === 1 ? 0 : 1;
  const branch = sequence(
    ...expand,
    depthwise(`${name}.${at}.0`, { channels: hidden, kernel: 3, stride, padding: 'same' }),
    batchNorm(`${name}.${at}.1`, hidden, epsilon),
    activation,
    conv(`${name}.${at + 1}`, { in: hidden, out, kernel: 1 }),
    batchNorm(`${name}.${at + 2}`, out, epsilon),
  );
  if (stride !== 1 || inputs !== out) return branch;
  return residual(sequence(shifted(shift), branch), sequence());
}

/** The nearest multiple of 8 that loses at most a tenth (the authors' rounding). */
function divisibleBy8(channels: number): number {
  const rounded = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return rounded < 0.9 * channels ? rounded + 8 : rounded;
}
