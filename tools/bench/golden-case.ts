import * as tf from '@tensorflow/tfjs-core';
import { readSafetensors } from '../../src/checkpoints/formats/safetensors.js';
import type { Precision } from '../../src/engine/kernels/choose.js';
import { metered } from '../../src/engine/meter.js';
import { randomStream } from '../../src/engine/random.js';
import type { Encoder } from '../../src/models/encoders/encoder.js';
import { resnet18 } from '../../src/models/encoders/resnet.js';
import type { Span } from '../../src/models/heads/gtad/labels.js';
import { Parameters } from '../../src/models/parameters.js';
import { importState, plainName, type State } from '../../src/models/state.js';
import { readJson } from '../../src/system/files/files.js';

/** The description of a reference training step; its tensors are in another file. */
export interface StepCase {
  batch: number;
  snippets: number;
  frames: number;
  side: number;
  encoder: { width: number; shift_div: number };
  head: Record<'feat' | 'h1d' | 'h2d' | 'h3d' | 'gcn_groups' | 'gcn_width' | 'k' | 'inner' | 'context', number>;
  instances: Span[][];
  loss: Record<'total' | 'tem' | 'reg' | 'cls', number>;
}

/**
 * A reference training step: its description, its tensors in PyTorch's layouts, and our encoder with its parameters.
 */
export interface GoldenCase {
  reference: StepCase;
  tensors: State;
  encoder: Encoder;
  parameters: Parameters;
}

/** Reads CASE.json and the .safetensors beside it. The engine must be running. */
export function goldenCase(file: string): GoldenCase {
  const reference = readJson(file, 'case') as StepCase;
  const tensors: State = new Map();
  for (const [name, { shape, data }] of readSafetensors(file.replace(/\.json$/, '.safetensors')).tensors)
    tensors.set(plainName(name), { shape: [...shape], data: data as Float32Array });
  const encoder = resnet18({ width: reference.encoder.width, shift: reference.encoder.shift_div });
  const parameters = new Parameters(encoder.parameters, randomStream(0));
  importState(parameters, tensors, file, 'param.encoder.');
  return { reference, tensors, encoder, parameters };
}

/**
 * The case's input as our encoders take it, `[B, L, F, S, S, 3]` of 0 to 255. The case has the network's
 * input, so our scaling is undone.
 */
export function goldenInput({
  reference: { batch, snippets, frames, side },
  tensors,
}: GoldenCase): tf.Tensor<tf.Rank.R6> {
  return tf.tidy(() => {
    const { data } = tensors.get('input')!;
    const images = tf.transpose(tf.tensor(data, [batch * snippets * frames, 3, side, side]), [0, 2, 3, 1]);
    const scaled = tf.add(tf.mul(images, [0.229 * 255, 0.224 * 255, 0.225 * 255]), [
      0.485 * 255,
      0.456 * 255,
      0.406 * 255,
    ]);
    return tf.reshape(scaled, [batch, snippets, frames, side, side, 3]);
  });
}

/** The reference's gradient of the features, `[B, L, C]`. */
export function goldenFeatureGradient({ tensors }: GoldenCase): tf.Tensor3D {
  const { shape, data } = tensors.get('grad.features')!;
  return tf.tidy(() => tf.transpose(tf.tensor3d(data, shape as [number, number, number]), [0, 2, 1]));
}

/**
 * Gradients of the encoder by name, given {@link goldenFeatureGradient}, in a precision, and the bytes
 * that the forward pass keeps.
 */
export function goldenPass(
  golden: GoldenCase,
  precision: Precision,
): { keptBytes: number; gradients: Map<string, Float32Array> } {
  const { encoder, parameters } = golden;
  const dFeatures = goldenFeatureGradient(golden);
  const found = metered((read) => {
    const record = encoder.record(goldenInput(golden), { parameters, normalization: 'batch', precision });
    const keptBytes = read().aliveBytes;
    const tensors = record.backward(dFeatures);
    const gradients = new Map([...tensors].map(([name, gradient]) => [name, gradient.dataSync<'float32'>()]));
    record.dispose();
    tf.dispose([...tensors.values()]);
    return { keptBytes, gradients };
  });
  dFeatures.dispose();
  return found;
}

/** Cosines between gradients of the same names. */
export function cosines(
  a: ReadonlyMap<string, Float32Array>,
  b: ReadonlyMap<string, Float32Array>,
): Map<string, number> {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return new Map(
    [...a].map(([name, x]) => {
      const y = b.get(name)!;
      return [name, dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y))];
    }),
  );
}
