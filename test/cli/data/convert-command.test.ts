import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readSafetensorsHeader } from '../../../src/checkpoints/formats/safetensors.js';
import { stateDict, writeWeights } from '../../support/encoder-weights.js';
import { temporaryFolder } from '../../support/temporary.js';
import { lofi } from '../../support/lofi.js';

test('lofi convert writes the file, names it on stdout and the encoder on stderr', async (t) => {
  const folder = temporaryFolder(t);
  const from = writeWeights(path.join(folder, 'from.safetensors'), stateDict('resnet18', 2), { format: 'pt' });
  const tsm = path.join(folder, 'tsm.safetensors');
  assert.deepEqual(await lofi(['convert', from, tsm, '--naming', 'tsm']), {
    code: 0,
    stdout: `${tsm}\n`,
    stderr: 'encoder.type=resnet18 encoder.width=2: 100 tensors, a classifier of 5 classes\n',
  });
  const names = readSafetensorsHeader(tsm).entries.map(({ name }) => name);
  assert.ok(names.includes('module.base_model.layer1.0.conv1.net.weight') && names.includes('module.new_fc.bias'));
  const back = path.join(folder, 'back.safetensors');
  assert.equal((await lofi(['convert', tsm, back])).code, 0);
  assert.ok(readFileSync(back).equals(readFileSync(from)));
});

test('a wrong call is one line and exit code 2; nothing is written', async (t) => {
  const folder = temporaryFolder(t);
  const from = path.join(folder, 'from.safetensors');
  const to = path.join(folder, 'to.safetensors');
  writeFileSync(from, 'no weights at all');
  for (const [args, said] of [
    [[from, to], /not a valid safetensors file: .*from\.safetensors: the header claims/],
    [[path.join(folder, 'none.json'), to], /tfjs model not readable: .*none\.json \(ENOENT\)/],
    [[from, path.join(folder, 'to.pth')], /to\.pth: only safetensors are written/],
    [[from, to, '--naming', 'keras'], /naming.*"keras".*"torchvision", "tsm"/],
  ] as const) {
    const { code, stdout, stderr } = await lofi(['convert', ...args]);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, said);
    assert.equal(stderr.trimEnd().split('\n').length, 1);
  }
  assert.deepEqual(readdirSync(folder), ['from.safetensors']);
});
