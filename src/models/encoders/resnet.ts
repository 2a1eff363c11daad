import { normalizedConv, type NormalizedConv } from '../units/normalized.js';
import { residualUnit } from '../units/residual-unit.js';
import { stemUnit } from '../units/stem.js';
import { imagenetScaling, unitEncoder, type Encoder } from './encoder.js';

interface ResnetOptions {
  /** Channels of layer1, 64 in the published network. */
  width: number;
  /** TSM: 1/shift of the channels move to either side in time; 0: none. */
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
  const units = [stemUnit(normalizedConv('conv1', 'bn1', { in: 3, out: width, kernel: 7, stride: 2 }))];
  let inputs = width;
  blocks.forEach((count, stage) => {
    const inner = width << stage;
    const out = inner * design.expansion;
    for (let block = 0; block < count; block++) {
      const name = `layer${stage + 1}.${block}`;
      const stride = stage > 0 && block === 0 ? 2 : 1;
      const branch = design.branch(name, inputs, inner, stride);
      units.push(residualUnit({ branch, shortcut: shortcut(name, inputs, out, stride), shift }));
      inputs = out;
    }
  });
  return unitEncoder({ units, channels: inputs, scaling: imagenetScaling, input: 'images' });
}

/** The branch of a residual block that is added to its identity. */
interface BlockDesign {
  /** Output channels of the branch for each of its `inner` channels. */
  expansion: number;
  branch: (name: string, inputs: number, inner: number, stride: number) => NormalizedConv[];
}

const basicBlock: BlockDesign = {
  expansion: 1,
  branch: (name, inputs, inner, stride) => [
    normalizedConv(`${name}.conv1`, `${name}.bn1`, { in: inputs, out: inner, kernel: 3, stride }),
    normalizedConv(`${name}.conv2`, `${name}.bn2`, { in: inner, out: inner, kernel: 3 }),
  ],
};

/** The 3×3 convolution has the stride, as in torchvision ("v1.5"). */
const bottleneck: BlockDesign = {
  expansion: 4,
  branch: (name, inputs, inner, stride) => [
    normalizedConv(`${name}.conv1`, `${name}.bn1`, { in: inputs, out: inner, kernel: 1 }),
    normalizedConv(`${name}.conv2`, `${name}.bn2`, { in: inner, out: inner, kernel: 3, stride }),
    normalizedConv(`${name}.conv3`, `${name}.bn3`, { in: inner, out: 4 * inner, kernel: 1 }),
  ],
};

/** The projection beside the branch where the block changes the shape; null where the input itself is added. */
function shortcut(name: string, inputs: number, out: number, stride: number): NormalizedConv | null {
  if (stride === 1 && inputs === out) return null;
  return normalizedConv(`${name}.downsample.0`, `${name}.downsample.1`, { in: inputs, out, kernel: 1, stride });
}
