import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { readSafetensors } from '../../../src/checkpoints/safetensors.js';
import { startEngine } from '../../../src/engine/backend.js';
import { nativeTensorCount } from '../../../src/engine/kernels/native-tensor.js';
import { metered } from '../../../src/engine/meter.js';
import { randomStream } from '../../../src/engine/random.js';
import { resnet18 } from '../../../src/models/encoders/resnet.js';
import { Parameters } from '../../../src/models/parameters.js';
import { importState, plainName, type State } from '../../../src/models/state.js';
import { readJson } from '../../../src/system/files.js';

const { name } = await startEngine();
const golden = path.resolve(import.meta.dirname, '../../../../shared/peers/golden/lofi_step');

interface Case {
  batch: number;
  snippets: number;
  frames: number;
  side: number;
  encoder: { width: number; shift_div: number };
}

const skip =
  name !== 'tensorflow' ? 'needs native TensorFlow' : !existsSync(`${golden}.json`) && 'the golden case is not there';

/** The reference's parameters and input, and gradients from its gradient of the features; bytes that the forward pass keeps. */
function pass(precision: 'float32' | 'bfloat16') {
  const { batch, snippets, frames, side, encoder: built } = readJson(`${golden}.json`, 'case') as Case;
  const tensors: State = new Map();
  for (const [name, { shape, data }] of readSafetensors(`${golden}.safetensors`).tensors)
    tensors.set(plainName(name), { shape: [...shape], data: data as Float32Array });
  const encoder = resnet18({ width: built.width, shift: built.shift_div });
  const parameters = new Parameters(encoder.parameters, randomStream(0));
  importState(parameters, tensors, golden, 'param.encoder.');
  const given = (name: string) => tf.tensor(tensors.get(name)!.data, tensors.get(name)!.shape);
  const [x, dFeatures] = tf.tidy(() => {
    const images = tf.transpose(tf.reshape(given('input'), [batch * snippets * frames, 3, side, side]), [0, 2, 3, 1]);
    // The case's input is what the network sees: undo our scaling of 0..255.
    const pixels = tf.add(tf.mul(images, [0.229 * 255, 0.224 * 255, 0.225 * 255]), [
      0.485 * 255,
      0.456 * 255,
      0.406 * 255,
    ]);
    return [
      tf.reshape<tf.Rank.R6>(pixels, [batch, snippets, frames, side, side, 3]),
      tf.transpose<tf.Tensor3D>(given('grad.features') as tf.Tensor3D, [0, 2, 1]),
    ];
  });
  const found = metered((read) => {
    const record = encoder.record(x, { parameters, normalization: 'batch', precision });
    const kept = read().aliveBytes;
    const gradients = new Map(
      [...record.backward(dFeatures)].map(([name, g]) => [name, { g, data: g.dataSync<'float32'>() }]),
    );
    record.dispose();
    for (const { g } of gradients.values()) g.dispose();
    return { kept, gradients };
  });
  dFeatures.dispose();
  parameters.dispose();
  return found;
}

test(
  "bfloat16's gradients point where float32's do, layer by layer, in half the memory",
  { skip, todo: 'cosines are 0.91 to 0.99 here; docs/performance.md' },
  () => {
    const before = [tf.memory().numTensors, nativeTensorCount()];
    const full = pass('float32');
    const half = pass('bfloat16');
    for (const [layer, { data }] of full.gradients) {
      const other = half.gradients.get(layer)!.data;
      const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
        Array.from(a).reduce((sum, v, i) => sum + v * b[i]!, 0);
      const cosine = dot(data, other) / Math.sqrt(dot(data, data) * dot(other, other));
      assert.ok(cosine >= 0.99, `${layer}: cosine ${cosine}`);
    }
    assert.ok(half.kept < 0.55 * full.kept, `${half.kept} of ${full.kept} bytes`);
    assert.deepEqual([tf.memory().numTensors, nativeTensorCount()], before);
  },
);
