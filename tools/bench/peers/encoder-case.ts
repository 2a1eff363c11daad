/**
 * Runs a case of encoder_golden.py through our encoder and prints the errors relative to PyTorch:
 *   npx tsx tools/bench/peers/encoder-case.ts CASE.json        (tensors in the .safetensors beside it)
 * Each number is the largest error relative to the largest absolute value of that tensor.
 */
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { readSafetensors } from '../../../src/checkpoints/formats/safetensors.js';
import type { Config } from '../../../src/config/schema.js';
import { encoderSchema } from '../../../src/config/sections/encoder-section.js';
import { startEngine } from '../../../src/engine/backend.js';
import { randomStream } from '../../../src/engine/random.js';
import { fusionPresets } from '../../../src/models/encoders/fusion.js';
import { buildEncoder } from '../../../src/models/encoders/encoder-catalogue.js';
import {
  imagenetScaling,
  kineticsScaling,
  liteScaling,
  unitScaling,
  type InputScaling,
} from '../../../src/models/encoders/encoder.js';
import { toTorchLayout, type Values } from '../../../src/models/weights/torch-layout.js';
import type { Pass } from '../../../src/models/layers/layer.js';
import { Parameters } from '../../../src/models/parameters.js';
import { importState, type State } from '../../../src/models/state.js';
import { readJson } from '../../../src/system/files/files.js';
import { StatisticsCollector } from '../../../src/train/statistics.js';

interface Case {
  batch: number;
  snippets: number;
  frames: number;
  side: number;
  normalization: Pass['normalization'];
  encoder: { type: Config['encoder']['type']; width: number; shift_div: number; alexnet?: object; fusion?: object };
}

/** Largest relative errors of a training pass. `names`: whether the case has exactly our parameters. */
export interface EncoderErrors {
  names: boolean;
  features: number;
  running: number;
  grads_encoder: number;
}

/** Compares our encoder with the case in `file`. The engine must be running. */
export function encoderErrors(file: string): EncoderErrors {
  const reference = readJson(file, 'case') as Case;
  const { tensors } = readSafetensors(file.replace(/\.json$/, '.safetensors'));
  const theirs = (name: string) => tensors.get(name)!.data as Float32Array;
  const state: State = new Map(
    [...tensors].map(([name, { shape }]) => [name, { shape: [...shape], data: theirs(name) }]),
  );
  const { shift_div: shift, ...keys } = reference.encoder;
  const { type } = keys;
  const encoder = buildEncoder(encoderSchema.parse({ ...keys, shift, frames: reference.frames }));
  const parameters = new Parameters(encoder.parameters, randomStream(0));
  importState(parameters, state, file, 'param.encoder.');

  const input = networkInput(state.get('input')!, reference, scalings[type]);
  const given = tensorOf(state.get('grad.features')!);
  const statistics = new StatisticsCollector();
  const record = encoder.record(input, {
    parameters,
    normalization: reference.normalization,
    onStatistics: statistics.collect,
  });
  const features = tf.transpose(record.features, [0, 2, 1]);
  const dFeatures = tf.transpose(given as tf.Tensor3D, [0, 2, 1]);
  const grads = record.backward(dFeatures);
  record.dispose();
  statistics.update(parameters);
  const specs = encoder.parameters;
  const errors = {
    names: [...tensors.keys()].filter((name) => name.startsWith('param.')).length === specs.length,
    features: error(features.dataSync<'float32'>(), theirs('features')),
    running: Math.max(
      0,
      ...specs
        .filter((spec) => !spec.trainable)
        .map(({ name }) => error(parameters.get(name).dataSync<'float32'>(), theirs(`after.encoder.${name}`))),
    ),
    grads_encoder: Math.max(
      ...specs
        .filter((spec) => spec.trainable)
        .map(({ name, kind }) => {
          const gradient = grads.get(name)!;
          const ours = toTorchLayout(kind, { shape: gradient.shape, data: gradient.dataSync<'float32'>() });
          return error(ours.data, theirs(`grad.encoder.${name}`));
        }),
    ),
  };
  tf.dispose([given, dFeatures, features, ...grads.values()]);
  parameters.dispose();
  return errors;
}

const scalings: Record<Config['encoder']['type'], InputScaling> = {
  resnet18: imagenetScaling,
  resnet34: imagenetScaling,
  resnet50: imagenetScaling,
  'r2plus1d-18': kineticsScaling,
  'mobilenet-v2': unitScaling,
  'efficientnet-lite0': liteScaling,
  alexnet: imagenetScaling,
  fusion: fusionPresets.mini.scaling,
};

/** The RGB 0..255, in our order of axes, from which our scaling makes the case's input. */
function networkInput(
  values: Values,
  { batch, snippets, frames, side }: Case,
  { mean, deviation }: InputScaling,
): tf.Tensor {
  return tf.tidy(() => {
    const images = tf.tensor(values.data, [batch * snippets * frames, 3, side, side]);
    const rgb = tf.add(tf.mul(tf.transpose(images, [0, 2, 3, 1]), deviation), mean);
    return tf.reshape(rgb, [batch, snippets, frames, side, side, 3]);
  });
}

function tensorOf({ shape, data }: Values): tf.Tensor {
  return tf.tensor(data, shape);
}

function error(ours: Float32Array, theirs: Float32Array): number {
  if (ours.length !== theirs.length) throw new Error(`${ours.length} values for ${theirs.length}`);
  let worst = 0;
  let largest = 0;
  ours.forEach((value, i) => {
    const distance = Math.abs(value - theirs[i]!);
    // Every comparison with NaN is false, so written this way a NaN counts as the worst error.
    if (!(distance <= worst)) worst = distance;
    largest = Math.max(largest, Math.abs(theirs[i]!));
  });
  return worst / largest;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const file = process.argv[2];
  if (!file) throw new Error('usage: encoder-case.ts CASE.json');
  await startEngine();
  console.log(JSON.stringify(encoderErrors(file)));
}
