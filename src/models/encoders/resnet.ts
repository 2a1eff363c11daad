import * as tf from '@tensorflow/tfjs-core';
import { relu } from '../../engine/ops/activation.js';
import { temporalShift } from '../../engine/ops/temporal-shift.js';
import { batchNorm } from '../layers/batch-norm.js';
import { conv } from '../layers/conv.js';
import type { Layer } from '../layers/layer.js';
import { sequence } from '../layers/layer.js';
import { frameEncoder, imagenetScaling, type Encoder, type Shift } from './encoder.js';

/** TSM-ResNet with basic blocks [He et al. 2016; Lin et al. 2019, "blockres"]: torchvision's names, `width` channels in layer1. */
export function resnet18(options: { width: number; shift: Shift }): Encoder {
  const { width, shift } = options;
  const layers: Layer[] = [
    conv('conv1', { in: 3, out: width, kernel: 7, stride: 2, first: true }),
    batchNorm('bn1', width),
    activation,
    maxPool,
  ];
  let inputs = width;
  for (let stage = 0; stage < 4; stage++) {
    const out = width << stage;
    for (let block = 0; block < 2; block++) {
      const stride = stage > 0 && block === 0 ? 2 : 1;
      layers.push(basicBlock(`layer${stage + 1}.${block}`, inputs, out, stride, shift));
      inputs = out;
    }
  }
  return frameEncoder(sequence(...layers), inputs, imagenetScaling);
}

const activation: Layer = { parameters: [], apply: relu };

/** 3×3, stride 2. After a ReLU zero padding is as good as PyTorch's -∞. */
const maxPool: Layer = {
  parameters: [],
  apply: (x) =>
    tf.maxPool(
      tf.pad(x, [
        [0, 0],
        [1, 1],
        [1, 1],
        [0, 0],
      ]),
      3,
      2,
      'valid',
    ),
};

function basicBlock(name: string, inputs: number, out: number, stride: number, shift: Shift): Layer {
  const branch = sequence(
    conv(`${name}.conv1`, { in: inputs, out, kernel: 3, stride }),
    batchNorm(`${name}.bn1`, out),
    activation,
    conv(`${name}.conv2`, { in: out, out, kernel: 3 }),
    batchNorm(`${name}.bn2`, out),
  );
  const projected = stride !== 1 || inputs !== out;
  const identity: Layer = projected
    ? sequence(
        conv(`${name}.downsample.0`, { in: inputs, out, kernel: 1, stride }),
        batchNorm(`${name}.downsample.1`, out),
      )
    : sequence();
  return {
    parameters: [...branch.parameters, ...identity.parameters],
    apply(x, pass) {
      const seen = shift.div > 0 ? temporalShift(x, shift.frames, shift.div) : x;
      return relu(tf.add(branch.apply(seen, pass), identity.apply(x, pass)));
    },
  };
}
