import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readSafetensors } from '../../../src/checkpoints/formats/safetensors.js';
import { hashTensors } from '../../../src/checkpoints/formats/tensor.js';
import { convertWeights } from '../../../src/stages/weights/convert-weights.js';
import { stateDict, writeWeights } from '../../support/encoder-weights.js';
import { missing, shared } from '../../support/shared.js';
import { encoderFacts } from '../../../src/config/encoder-facts.js';
import { temporaryFolder } from '../../support/temporary.js';

const metadata = { format: 'pt', note: 'ünï' };

for (const [type, width] of [
  ['resnet18', 4],
  ['resnet34', 2],
  ['resnet50', 2],
  ['r2plus1d-18', 2],
  ['mobilenet-v2', 0.35],
  ['efficientnet-lite0', 1],
  ['alexnet', 0.05],
  ['fusion', 0.05],
] as const) {
  test(`${type}: read, written and read again it is the same to the bit, whatever the naming between`, (t) => {
    const folder = temporaryFolder(t);
    const original = stateDict(type, width);
    const from = writeWeights(path.join(folder, 'from.safetensors'), original, metadata);
    const to = path.join(folder, 'to.safetensors');
    const { encoder } = convertWeights(from, to, 'torchvision');
    assert.deepEqual([encoder.type, encoder.width], [type, width]);
    // The same bytes: NaNs, counters, classifier and metadata are as they were.
    assert.ok(readFileSync(to).equals(readFileSync(from)));
    if (!encoderFacts(type).tsmNaming) return;
    const tsm = path.join(folder, 'tsm.safetensors');
    convertWeights(from, tsm, 'tsm');
    const names = [...readSafetensors(tsm).tensors.keys()];
    assert.ok(names.every((name) => name.startsWith('module.')));
    assert.equal(names.length, original.size);
    convertWeights(tsm, tsm, 'torchvision');
    assert.ok(readFileSync(tsm).equals(readFileSync(from)));
  });
}

for (const [what, file, width] of [
  // The network was made with width 0.1. The smallest width with the same channels is found.
  ['', path.resolve(import.meta.dirname, '../../fixtures/keras-mobilenet/model.json'), 0.095],
  [' (ImageNet)', shared('data/mobilenet_v2_035/model.json'), 0.35],
] as const) {
  const skip = missing(file);
  test(`a tfjs model becomes torchvision's names; converted once more it is the same${what}`, { skip }, (t) => {
    const to = path.join(temporaryFolder(t), 'mobilenet.safetensors');
    const { encoder } = convertWeights(file, to, 'torchvision');
    assert.deepEqual([encoder.type, encoder.width], ['mobilenet-v2', width]);
    const { tensors } = readSafetensors(to);
    assert.equal(tensors.size, 260);
    // block_3_depthwise_BN/gamma, by hand.
    assert.deepEqual(tensors.get('features.4.conv.1.1.weight')!.shape, [48]);
    assert.deepEqual(tensors.get('features.4.conv.1.0.weight')!.shape, [48, 1, 3, 3]);
    convertWeights(to, to, 'torchvision');
    assert.equal(hashTensors(readSafetensors(to).tensors), hashTensors(tensors));
  });
}

test('nothing is written where something is wrong', (t) => {
  const folder = temporaryFolder(t);
  const from = writeWeights(path.join(folder, 'from.safetensors'), stateDict('r2plus1d-18', 1));
  const to = path.join(folder, 'to.safetensors');
  assert.throws(() => convertWeights(from, to, 'tsm'), {
    name: 'UsageError',
    message: /is for resnet18, .*mobilenet-v2, not for r2plus1d-18/,
  });
  mkdirSync(to);
  assert.throws(() => convertWeights(from, to, 'torchvision'), {
    name: 'WorkError',
    message: /^not written: .*to\.safetensors \(E/,
  });
  assert.deepEqual(readdirSync(folder).sort(), ['from.safetensors', 'to.safetensors']);
});
