import * as tf from '@tensorflow/tfjs-core';
import { relu } from '../../engine/ops/activation.js';
import { batchNorm } from '../layers/batch-norm.js';
import { conv } from '../layers/conv.js';
import type { Layer } from '../layers/layer.js';
import { sequence } from '../layers/layer.js';
import { residual } from '../layers/residual.js';
import { shifted } from '../layers/shift.js';
import { frameEncoder, imagenetScaling, type Encoder } from './encoder.js';

interface ResnetOptions {
  /** Channels of layer1; 64 is the published network. */
  width: number;
  /** TSM: 1/shift of the channels to either side in time; 0: none. */
  shift: number;
}

/** TSM-ResNet-18: C = 8·width. */
export const resnet18 = (options: ResnetOptions): Encoder => resnet([2, 2, 2, 2], basicBlock, options);

/** TSM-ResNet-34: C = 8·width. */
export const resnet34 = (options: ResnetOptions): Encoder => resnet([3, 4, 6, 3], basicBlock, options);

/** TSM-ResNet-50: C = 32·width. */
export const resnet50 = (options: ResnetOptions): Encoder => resnet([3, 4, 6, 3], bottleneck, options);

/** TSM-ResNet [He et al. 2016; Lin et al. 2019, "blockres"] with torchvision's names and arithmetic. */
function resnet(blocks: readonly number[], design: BlockDesign, { width, shift }: ResnetOptions): Encoder {
  const layers: Layer[] = [
    conv('conv1', { in: 3, out: width, kernel: 7, stride: 2, first: true }),
    batchNorm('bn1', width),
    activation,
    maxPool,
  ];
  let inputs = width;
  blocks.forEach((count, stage) => {
    const inner = width << stage;
    const out = inner * design.expansion;
    for (let block = 0; block < count; block++) {
      const name = `layer${stage + 1}.${block}`;
      const stride = stage > 0 && block === 0 ? 2 : 1;
      // Only the branch sees the shifted frames: the identity keeps what the frame itself shows.
      const branch = sequence(shifted(shift), design.branch(name, inputs, inner, stride));
      layers.push(residual(branch, shortcut(name, inputs, out, stride)), activation);
      inputs = out;
    }
  });
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

/** What a residual block computes beside its identity. */
interface BlockDesign {
  /** Its outputs for each of its `inner` channels. */
  expansion: number;
  branch: (name: string, inputs: number, inner: number, stride: number) => Layer;
}

const basicBlock: BlockDesign = {
  expansion: 1,
  branch: (name, inputs, inner, stride) =>
    sequence(
      conv(`${name}.conv1`, { in: inputs, out: inner, kernel: 3, stride }),
      batchNorm(`${name}.bn1`, inner),
      activation,
      conv(`${name}.conv2`, { in: inner, out: inner, kernel: 3 }),
      batchNorm(`${name}.bn2`, inner),
    ),
};

/** The stride sits in the 3×3, as in torchvision ("v1.5"). */
const bottleneck: BlockDesign = {
  expansion: 4,
  branch: (name, inputs, inner, stride) =>
    sequence(
      conv(`${name}.conv1`, { in: inputs, out: inner, kernel: 1 }),
      batchNorm(`${name}.bn1`, inner),
      activation,
      conv(`${name}.conv2`, { in: inner, out: inner, kernel: 3, stride }),
      batchNorm(`${name}.bn2`, inner),
      activation,
      conv(`${name}.conv3`, { in: inner, out: 4 * inner, kernel: 1 }),
      batchNorm(`${name}.bn3`, 4 * inner),
    ),
};

/** The identity, projected where the block changes the shape. */
function shortcut(name: string, inputs: number, out: number, stride: number): Layer {
  if (stride === 1 && inputs === out) return sequence();
  return sequence(
    conv(`${name}.downsample.0`, { in: inputs, out, kernel: 1, stride }),
    batchNorm(`${name}.downsample.1`, out),
  );
}
