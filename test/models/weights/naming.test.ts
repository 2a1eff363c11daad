import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { knownEncoder } from '../../../src/models/weights/known-encoders.js';
import { namesIn, torchvisionNames } from '../../../src/models/weights/naming.js';

/** Names of torchvision's state_dict and of the same tensor in that of TSM's model, as PyTorch gave them. */
const pairs = readFileSync(new URL('../../fixtures/tsm-names.csv', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split(',') as [torchvision: string, tsm: string]);
const isMobilenet = ([name]: [string, string]) => /^(features|classifier)/.test(name);
const networks = {
  resnet18: pairs.filter((pair) => !isMobilenet(pair)),
  'mobilenet-v2': pairs.filter(isMobilenet),
};
const inner = (name: string) => name.replace(/^classifier\.1/, 'fc');

for (const [type, names] of Object.entries(networks) as [keyof typeof networks, [string, string][]][]) {
  const { parameters } = knownEncoder(type)!;

  test(`${type}: written under TSM's names, and torchvision's`, () => {
    const own = names.map(([torchvision]) => inner(torchvision));
    const weights = parameters.map(({ name }) => name).filter((name) => name.endsWith('.weight'));
    assert.deepEqual([...own].sort(), [...weights, 'fc.weight'].sort());
    assert.deepEqual(
      own.map(namesIn('tsm', type, parameters)),
      names.map(([, tsm]) => tsm),
    );
    assert.deepEqual(
      own.map(namesIn('torchvision', type, parameters)),
      names.map(([torchvision]) => torchvision),
    );
  });

  test(`${type}: read under either, with wrappers or some of them`, () => {
    const own = names.map(([torchvision]) => inner(torchvision));
    const read = (given: string[]) => {
      assert.deepEqual(
        [...torchvisionNames(given)],
        given.map((name, i) => [name, own[i]]),
      );
    };
    read(names.map(([torchvision]) => torchvision));
    read(names.map(([, tsm]) => tsm));
    read(names.map(([torchvision]) => `module.${torchvision}`));
    read(names.map(([, tsm]) => tsm.replace('module.', '')));
    read(names.map(([, tsm]) => tsm.replace('module.base_model.', '')));
    read(names.map(([, tsm]) => tsm.replace('.net.', '.')));
    // Without dropout TSM does not replace the classifier.
    read(names.map(([torchvision, tsm]) => (tsm.includes('new_fc') ? `module.base_model.${torchvision}` : tsm)));
  });
}

test('counters and statistics go with their normalisation', () => {
  const { parameters } = knownEncoder('mobilenet-v2')!;
  const name = namesIn('tsm', 'mobilenet-v2', parameters)('features.3.conv.1.1.num_batches_tracked');
  assert.equal(name, 'module.base_model.features.3.conv.4.num_batches_tracked');
  const read = torchvisionNames([name, 'features.3.conv.0.net.weight', 'features.3.conv.6.weight']);
  assert.equal(read.get(name), 'features.3.conv.1.1.num_batches_tracked');
});

test('a shift around a whole block is another network: its names stay', () => {
  const block = 'module.base_model.layer1.0.net.conv1.weight';
  assert.equal(torchvisionNames([block]).get(block), 'layer1.0.net.conv1.weight');
});

test('a naming without names for the encoder is refused', () => {
  assert.throws(() => namesIn('tsm', 'r2plus1d-18', knownEncoder('r2plus1d-18')!.parameters), {
    name: 'UsageError',
  });
});
