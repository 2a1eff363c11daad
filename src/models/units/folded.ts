import * as tf from '@tensorflow/tfjs-core';
import type { Held, Kernels } from '../../engine/kernels/kernels.js';
import { relu6 } from '../../engine/ops/activation.js';
import { batchNorm } from '../layers/batch-norm-layer.js';
import { conv, depthwise, geometryOf, type ConvOptions } from '../layers/conv.js';
import { framesOf, sequence, type Layer, type Pass } from '../layers/layer.js';
import { residual } from '../layers/residual-layer.js';
import { shifted } from '../layers/shift.js';
import type { ReadableParameters } from '../parameters.js';
import { tapedUnit } from './taped.js';
import { consumed, unused, type Gradients, type Recorded, type Unit } from './unit.js';

/** A convolution without bias, the batch normalisation behind it, and optionally a ReLU6. */
export interface ConvBlock extends ConvOptions {
  /** Name of the convolution's parameter, without `.weight`. */
  name: string;
  /** Prefix of the normalisation's parameter names. */
  normalization: string;
  epsilon: number;
  /** True where each channel has a filter of its own. */
  depthwise: boolean;
  relu6: boolean;
}

/** Blocks one after the other, optionally with their input added to the result. */
export interface Branch {
  blocks: readonly ConvBlock[];
  /** Whether the input is added to the output of the last block. */
  identity: boolean;
  /** TSM: 1/shift of the channels that the blocks see move to either side in time; 0: none. */
  shift: number;
}

/**
 * A branch as a unit. With running statistics a normalisation is a factor and an offset for each channel: they are
 * folded into the convolution's filter and bias, so that neither pass touches the images for them, and only the blocks'
 * outputs are kept. With batch statistics the branch runs on the tape.
 */
export function foldedUnit(branch: Branch): Unit {
  const layer = layerOf(branch);
  const taped = tapedUnit(layer);
  return {
    parameters: layer.parameters,
    record: (k, x, pass, inputGradient) =>
      pass.normalization === 'batch'
        ? taped.record(k, x, pass, inputGradient)
        : recordFolded(k, x, branch, pass, inputGradient),
  };
}

function layerOf({ blocks, identity, shift }: Branch): Layer {
  const layers = blocks.flatMap((block): Layer[] => [
    block.depthwise ? depthwise(block.name, { ...block, channels: block.out }) : conv(block.name, block),
    batchNorm(block.normalization, block.out, block.epsilon),
    ...(block.relu6 ? [{ parameters: [], apply: relu6 }] : []),
  ]);
  const whole = sequence(shifted(shift), ...layers);
  return identity ? residual(whole, sequence()) : whole;
}

function recordFolded<T extends Held>(
  k: Kernels<T>,
  x: T,
  { blocks, identity, shift }: Branch,
  pass: Pass,
  inputGradient: boolean,
): Recorded<T> {
  const input = shift === 0 ? x : k.shift(x, framesOf(pass), shift, 1);
  const records: BlockPass<T>[] = [];
  for (const block of blocks) records.push(recordBlock(k, records.at(-1)?.output ?? input, block, pass.parameters));
  const last = records.at(-1)!.output;
  const output = identity ? consumed(last, (y) => k.add(y, x)) : last;

  /** Frees everything except the output. */
  const forget = () => {
    for (const record of records) {
      record.filter.dispose();
      if (record.output !== last) record.output.dispose();
    }
    if (input !== x) input.dispose();
  };
  return {
    output,
    backward(dy) {
      const gradients: Gradients = new Map();
      let d = dy;
      for (const [i, record] of [...records.entries()].reverse()) {
        const dInput = backward(k, record, d, i > 0 || inputGradient, pass.parameters, gradients);
        if (d !== dy) d.dispose();
        if (dInput) d = dInput;
      }
      forget();
      output.dispose();
      if (!inputGradient) {
        dy.dispose();
        return { dx: null, gradients };
      }
      const dx = shift === 0 ? d : consumed(d, (g) => k.shift(g, framesOf(pass), shift, -1));
      const sum = identity ? consumed(dx, (g) => k.add(g, dy)) : dx;
      dy.dispose();
      return { dx: sum, gradients };
    },
    ...unused(output, forget),
  };
}

/** One pass through a block, with the folded filter. The input is the caller's. */
interface BlockPass<T extends Held> {
  block: ConvBlock;
  input: T;
  filter: T;
  output: T;
}

function recordBlock<T extends Held>(
  k: Kernels<T>,
  input: T,
  block: ConvBlock,
  parameters: ReadableParameters,
): BlockPass<T> {
  const folded = tf.tidy(() => {
    const { filter, factor, mean, offset } = normalizationOf(block, parameters);
    return { filter: tf.mul(filter, perOutput(factor, block)), bias: tf.sub(offset, tf.mul(mean, factor)) };
  });
  const [filter, bias] = [folded.filter, folded.bias].map((t) => k.from(t)) as [T, T];
  tf.dispose(folded);
  const geometry = geometryOf(input.shape, block);
  const convolved = block.depthwise ? k.depthwise(input, filter, geometry) : k.conv2d(input, filter, geometry);
  const sum = consumed(convolved, (y) => k.addBias(y, bias));
  bias.dispose();
  return { block, input, filter, output: block.relu6 ? consumed(sum, k.relu6) : sum };
}

/**
 * Adds the gradients of the trained parameters to `gradients` and returns that of the input where it is wanted. dy
 * stays the caller's.
 */
function backward<T extends Held>(
  k: Kernels<T>,
  { block, input, filter, output }: BlockPass<T>,
  dy: T,
  wantsInput: boolean,
  parameters: ReadableParameters,
  gradients: Gradients,
): T | null {
  const geometry = geometryOf(input.shape, block);
  const d = block.relu6 ? k.relu6Gradient(dy, output) : dy;
  const names = [`${block.name}.weight`, `${block.normalization}.weight`, `${block.normalization}.bias`];
  if (names.some((name) => parameters.variable(name).trainable)) {
    const dFilter = k.toTensor(
      (block.depthwise ? k.depthwiseFilter : k.conv2dFilter)(input, d, filter.shape, geometry),
    );
    const dBias = k.toTensor(k.biasGradient(d));
    const found = tf.tidy(() => unfolded(block, parameters, dFilter, dBias as tf.Tensor1D));
    tf.dispose([dFilter, dBias]);
    names.forEach((name, i) => {
      if (parameters.variable(name).trainable) gradients.set(name, found[i]!);
      else found[i]!.dispose();
    });
  }
  const dInput = wantsInput
    ? (block.depthwise ? k.depthwiseInput : k.conv2dInput)(d, filter, input.shape, geometry)
    : null;
  if (d !== dy) d.dispose();
  return dInput;
}

/** Gradients of filter, scale and offset, given those of the folded filter and bias. */
function unfolded(
  block: ConvBlock,
  parameters: ReadableParameters,
  dFilter: tf.Tensor,
  dBias: tf.Tensor1D,
): tf.Tensor[] {
  const { filter, factor, mean, inverse } = normalizationOf(block, parameters);
  const products = tf.reshape(tf.mul(dFilter, filter), [-1, block.out]);
  const dScale = tf.mul(inverse, tf.sub(tf.sum(products, 0), tf.mul(mean, dBias)));
  return [tf.mul(dFilter, perOutput(factor, block)), dScale, tf.clone(dBias)];
}

/** A block's filter and its normalisation: y = factor · (x - mean) + offset. */
function normalizationOf({ name, normalization, epsilon }: ConvBlock, parameters: ReadableParameters) {
  const vector = (part: string) => parameters.get<tf.Tensor1D>(`${normalization}.${part}`);
  const inverse = tf.rsqrt(tf.add(vector('running_var'), epsilon));
  return {
    filter: parameters.get(`${name}.weight`),
    factor: tf.mul(vector('weight'), inverse),
    inverse,
    mean: vector('running_mean'),
    offset: vector('bias'),
  };
}

/** Reshapes one value per output channel to fit a filter `[kh, kw, C, O]`, or a depthwise one `[kh, kw, O, 1]`. */
function perOutput(values: tf.Tensor, { depthwise, out }: ConvBlock): tf.Tensor {
  return depthwise ? tf.reshape(values, [out, 1]) : values;
}
