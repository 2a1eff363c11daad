import type * as tf from '@tensorflow/tfjs-core';
import { relu } from '../../engine/ops/activation.js';
import { batchNorm } from '../layers/batch-norm-layer.js';
import { eachFrame, spatialConv, temporalConv } from '../layers/conv3d.js';
import type { Layer } from '../layers/layer.js';
import { sequence } from '../layers/layer.js';
import { residual } from '../layers/residual-layer.js';
import { tapedUnit } from '../units/taped.js';
import { kineticsScaling, unitEncoder, type Encoder } from './encoder.js';

/**
 * R(2+1)D-18 [Tran et al. 2018] with torchvision's names and arithmetic (`r2plus1d_18`): every 3-D
 * convolution is one over space followed by one over time. It sees whole snippets, halves their frames three
 * times, and was made for 112 pixels.
 *
 * @param width - Channels of layer1, 64 in the published network; C = 8·width.
 */
export function r2plus1d18({ width }: { width: number }): Encoder {
  // The convolutions over space have 45 output channels at width 64.
  const between = Math.ceil((45 * width) / 64);
  const blocks: Layer<tf.Tensor5D>[] = [
    sequence(
      spatialConv('stem.0', { in: 3, out: between, kernel: 7, stride: 2, first: true }),
      normalization('stem.1', between),
      activation,
      temporalConv('stem.3', { in: between, out: width, kernel: 3 }),
      normalization('stem.4', width),
      activation,
    ),
  ];
  let inputs = width;
  for (let stage = 0; stage < 4; stage++) {
    const out = width << stage;
    for (let block = 0; block < 2; block++) {
      const stride = stage > 0 && block === 0 ? 2 : 1;
      blocks.push(sequence(basicBlock(`layer${stage + 1}.${block}`, inputs, out, stride), activation));
      inputs = out;
    }
  }
  return unitEncoder({
    units: blocks.map((block) => tapedUnit(block)),
    channels: inputs,
    scaling: kineticsScaling,
    input: 'videos',
  });
}

const activation: Layer<tf.Tensor5D> = { parameters: [], apply: relu };

const normalization = (name: string, channels: number) => eachFrame(batchNorm(name, channels));

function basicBlock(name: string, inputs: number, out: number, stride: number): Layer<tf.Tensor5D> {
  // This many channels between space and time give the pair as many weights as the 3×3×3 convolution that it replaces.
  // torchvision uses the first pair's number for the second pair too.
  const between = Math.floor((inputs * out * 27) / (inputs * 9 + 3 * out));
  const branch = sequence(
    factorized(`${name}.conv1.0`, inputs, between, out, stride),
    normalization(`${name}.conv1.1`, out),
    activation,
    factorized(`${name}.conv2.0`, out, between, out, 1),
    normalization(`${name}.conv2.1`, out),
  );
  return residual(branch, shortcut(name, inputs, out, stride));
}

/** A 3×3×3 convolution, factorized into 1×3×3, batch normalisation, ReLU and 3×1×1. */
function factorized(name: string, inputs: number, between: number, out: number, stride: number): Layer<tf.Tensor5D> {
  return sequence(
    spatialConv(`${name}.0`, { in: inputs, out: between, kernel: 3, stride }),
    normalization(`${name}.1`, between),
    activation,
    temporalConv(`${name}.3`, { in: between, out, kernel: 3, stride }),
  );
}

function shortcut(name: string, inputs: number, out: number, stride: number): Layer<tf.Tensor5D> {
  if (stride === 1 && inputs === out) return sequence();
  return sequence(
    spatialConv(`${name}.downsample.0`, { in: inputs, out, kernel: 1, stride, frameStride: stride }),
    normalization(`${name}.downsample.1`, out),
  );
}
