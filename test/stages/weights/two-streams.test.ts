import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { TensorData } from '../../../src/checkpoints/formats/tensor.js';
import { RunStore } from '../../../src/checkpoints/run-store.js';
import { encoderTypes } from '../../../src/config/encoder-facts.js';
import { startEngine } from '../../../src/engine/backend.js';
import { randomStream } from '../../../src/engine/random.js';
import { Parameters } from '../../../src/models/parameters.js';
import { exportParts } from '../../../src/models/parts.js';
import { exportState } from '../../../src/models/state.js';
import { closestEncoder, knownEncoder } from '../../../src/models/weights/known-encoders.js';
import { torchShape } from '../../../src/models/weights/torch-layout.js';
import { convertWeights } from '../../../src/stages/weights/convert-weights.js';
import { loadEncoderWeights, readEncoderWeights } from '../../../src/stages/weights/encoder-weights.js';
import { toTensors } from '../../../src/stages/training/snapshot.js';
import { checkpoint } from '../../support/checkpoints.js';
import { stateDict, writeWeights } from '../../support/encoder-weights.js';
import { temporaryFolder } from '../../support/temporary.js';

await startEngine();

const folder = temporaryFolder();
const width = 2;
const single = knownEncoder('resnet18', width)!;
const joined = knownEncoder('resnet18', width, 'rgb+dynamic')!;
const published = writeWeights(path.join(folder, 'published.safetensors'), stateDict('resnet18', width));
/** A file of two networks as PyTorch would have it, with a classifier behind both. */
const both = new Map([...stateDict('resnet18', width)].flatMap(([name, tensor]) => inBoth(name, tensor)));
const twoStreams = writeWeights(path.join(folder, 'two.safetensors'), both);

function inBoth(name: string, tensor: TensorData): [string, TensorData][] {
  if (!name.startsWith('fc.')) return ['rgb', 'dynamic'].map((stream) => [`${stream}.${name}`, tensor]);
  if (name === 'fc.bias') return [[name, tensor]];
  const data = new Float32Array(2 * (tensor.data as Float32Array).length).fill(3);
  return [[name, { ...tensor, shape: [tensor.shape[0]!, 2 * tensor.shape[1]!], data }]];
}

test('a published network starts both streams, to the bit', () => {
  using parameters = new Parameters(joined.parameters, randomStream(1));
  loadEncoderWeights(parameters, published);
  const { state } = readEncoderWeights(published);
  const found = exportState(parameters);
  assert.equal(found.size, 2 * state.size);
  for (const [name, values] of state) {
    assert.deepEqual(found.get(`rgb.${name}`), values);
    assert.deepEqual(found.get(`dynamic.${name}`), values);
  }
});

test('a checkpoint of two streams is read, loaded, and converted to a file that reads the same', () => {
  using trained = new Parameters(joined.parameters, randomStream(2));
  const store = new RunStore(folder);
  store.save('joint', checkpoint(3, { tensors: toTensors(exportParts({ encoder: trained })) }));
  const file = path.join(folder, 'store', 'joint', '3.safetensors');
  const { encoder } = readEncoderWeights(file);
  assert.deepEqual(
    [encoder.type, encoder.width, encoder.input, encoder.channels],
    ['resnet18', width, 'rgb+dynamic', 2 * single.channels],
  );
  const loads = (from: string) => {
    using parameters = new Parameters(joined.parameters, randomStream(1));
    loadEncoderWeights(parameters, from);
    assert.deepEqual(exportState(parameters), exportState(trained));
  };
  loads(file);
  const to = path.join(folder, 'converted.safetensors');
  convertWeights(file, to, 'torchvision');
  loads(to);
  assert.throws(() => convertWeights(file, path.join(folder, 'tsm.safetensors'), 'tsm'), {
    name: 'UsageError',
    message: /3\.safetensors holds two networks \(encoder\.input=rgb\+dynamic\): choose --naming torchvision$/,
  });
});

test('a file of two streams keeps counters and a classifier of twice the channels', () => {
  const { others } = readEncoderWeights(twoStreams);
  assert.deepEqual(others.get('fc.weight')!.shape, [5, 2 * single.channels]);
  assert.equal(others.size, 2 + 2 * 20);
  const to = path.join(folder, 'again.safetensors');
  convertWeights(twoStreams, to, 'torchvision');
  assert.ok(readFileSync(to).equals(readFileSync(twoStreams)));
});

test('a single network does not take a file of two, and a network of another size neither', () => {
  const refused = (specs: typeof single.parameters, file: string, message: RegExp) => {
    using parameters = new Parameters(specs, randomStream(1));
    assert.throws(
      () => {
        loadEncoderWeights(parameters, file);
      },
      { name: 'UsageError', message },
    );
  };
  const keys = /set encoder\.type=resnet18 encoder\.width=2 encoder\.input=rgb\+dynamic$/;
  refused(single.parameters, twoStreams, keys);
  const other = writeWeights(path.join(folder, 'other.safetensors'), stateDict('resnet34', width));
  refused(joined.parameters, other, /holds another encoder: set encoder\.type=resnet34 encoder\.width=2$/);
  const wide = writeWeights(path.join(folder, 'wide.safetensors'), stateDict('resnet18', 3));
  refused(joined.parameters, wide, /does not fit the model: rgb\.conv1\.weight is \[3,3,7,7\], not \[2,3,7,7\]; /);
});

test('two streams of which one is not whole are refused with all that is wrong', () => {
  const changed = new Map(both);
  changed.delete('dynamic.bn1.bias');
  changed.set('rgb.odd.weight', changed.get('rgb.bn1.bias')!);
  const file = writeWeights(path.join(folder, 'changed.safetensors'), changed);
  assert.throws(() => readEncoderWeights(file), {
    name: 'UsageError',
    message: /resnet18 of width 2: missing: dynamic\.bn1\.bias\. extra: rgb\.odd\.weight$/,
  });
});

test('two streams of every encoder are known by their tensors', () => {
  for (const type of encoderTypes) {
    const { parameters, channels } = knownEncoder(type, null, 'rgb+dynamic')!;
    const found = closestEncoder(new Map(parameters.map(({ name, kind, shape }) => [name, torchShape(kind, shape)])));
    assert.deepEqual([found.type, found.input, found.channels], [type, 'rgb+dynamic', channels]);
  }
});
