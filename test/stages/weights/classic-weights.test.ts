import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import type { TensorData } from '../../../src/checkpoints/formats/tensor.js';
import { encoderSchema } from '../../../src/config/sections/encoder-section.js';
import { startEngine } from '../../../src/engine/backend.js';
import { randomStream } from '../../../src/engine/random.js';
import { buildEncoder } from '../../../src/models/encoders/encoder-catalogue.js';
import { Parameters } from '../../../src/models/parameters.js';
import { keysOf, loadEncoderWeights, readEncoderWeights } from '../../../src/stages/weights/encoder-weights.js';
import { UsageError } from '../../../src/system/errors.js';
import { writeWeights } from '../../support/encoder-weights.js';
import { seededArray } from '../../support/numeric.js';
import { temporaryFolder } from '../../support/temporary.js';

await startEngine();

/** Shapes of torchvision's AlexNet at a sixteenth of its channels, with a classifier of three classes. */
const torchvision: Readonly<Record<string, number[]>> = {
  'features.0.weight': [4, 3, 11, 11],
  'features.3.weight': [12, 4, 5, 5],
  'features.6.weight': [24, 12, 3, 3],
  'features.8.weight': [16, 24, 3, 3],
  'features.10.weight': [16, 16, 3, 3],
  'classifier.1.weight': [256, 16 * 36],
  'classifier.4.weight': [256, 256],
  'classifier.6.weight': [3, 256],
};

function tensors(shapes = torchvision): Map<string, TensorData> {
  return new Map(
    Object.entries(shapes).flatMap(([name, shape]): [string, TensorData][] => {
      const of = (key: string, shape: number[]): [string, TensorData] => {
        const data = seededArray(
          shape.reduce((a, b) => a * b, 1),
          key,
        );
        return [key, { dtype: 'F32', shape, data }];
      };
      return [of(name, shape), of(name.replace('weight', 'bias'), [shape[0]!])];
    }),
  );
}

const parametersOf = (alexnet: object) =>
  new Parameters(
    buildEncoder(encoderSchema.parse({ type: 'alexnet', width: 1 / 16, alexnet })).parameters,
    randomStream(0),
  );

test('a file of torchvision’s AlexNet is known, with its classifier beside it', (t) => {
  const file = writeWeights(path.join(temporaryFolder(t), 'alexnet.safetensors'), tensors());
  const { encoder, state, others } = readEncoderWeights(file);
  assert.equal(
    keysOf(encoder).replace(/width=[\d.]+/, 'width=…'),
    'encoder.type=alexnet encoder.width=… encoder.alexnet.preset=torchvision encoder.alexnet.groups=1 ' +
      'encoder.alexnet.feature=fc7',
  );
  assert.equal(state.size, 14);
  assert.deepEqual([...others.keys()].sort(), ['fc.bias', 'fc.weight']);
});

test('the inputs of FC6, which PyTorch has channel by channel, are put in the order of the map', (t) => {
  const all = tensors();
  const file = writeWeights(path.join(temporaryFolder(t), 'alexnet.safetensors'), all);
  using parameters = parametersOf({ preset: 'torchvision' });
  loadEncoderWeights(parameters, file);
  const weight = parameters.get('classifier.1.weight');
  assert.deepEqual(weight.shape, [6, 6, 16, 256]);
  const [ours, theirs] = [weight.dataSync(), all.get('classifier.1.weight')!.data];
  for (const [row, column, channel, out] of [
    [0, 0, 0, 0],
    [1, 2, 3, 4],
    [5, 4, 15, 255],
  ] as const)
    assert.equal(
      ours[((row * 6 + column) * 16 + channel) * 256 + out],
      theirs[out * 16 * 36 + channel * 36 + row * 6 + column],
    );
});

test('without its fully connected layers the network takes the convolutions of the same file', (t) => {
  const all = tensors();
  const file = writeWeights(path.join(temporaryFolder(t), 'alexnet.safetensors'), all);
  using parameters = parametersOf({ preset: 'torchvision', feature: 'conv5' });
  loadEncoderWeights(parameters, file);
  assert.deepEqual(parameters.get('features.10.bias').dataSync(), all.get('features.10.bias')!.data);
  // The other way round something is missing.
  const convolutions = Object.fromEntries(Object.entries(torchvision).slice(0, 5));
  const short = writeWeights(path.join(temporaryFolder(t), 'short.safetensors'), tensors(convolutions));
  using whole = parametersOf({ preset: 'torchvision' });
  assert.throws(() => {
    loadEncoderWeights(whole, short);
  }, UsageError);
});

test('a network of other sizes is refused with the keys of the file’s', (t) => {
  const file = writeWeights(path.join(temporaryFolder(t), 'alexnet.safetensors'), tensors());
  using parameters = parametersOf({ preset: 'mini' });
  assert.throws(() => {
    loadEncoderWeights(parameters, file);
  }, UsageError);
});
