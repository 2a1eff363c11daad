import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { startEngine } from '../../../src/engine/backend.js';
import { encoderErrors } from '../../../tools/bench/peers/encoder-case.js';

await startEngine();

/** Cases made by PyTorch: tools/bench/peers/encoder_golden.py. */
const folder = path.resolve(import.meta.dirname, '../../fixtures/encoders');
const cases = readdirSync(folder).filter((name) => name.endsWith('.json'));

test('there is a case of each', () => {
  const fusions = ['early', 'late', 'single', 'slow'].map((kind) => `fusion-${kind}.json`);
  assert.deepEqual(cases.sort(), ['alexnet.json', ...fusions, 'r2plus1d-18.json', 'resnet34.json', 'resnet50.json']);
});

for (const name of cases) {
  test(`${path.basename(name, '.json')}: a training pass agrees with PyTorch's`, () => {
    const { names, features, running, grads_encoder } = encoderErrors(path.join(folder, name));
    assert.ok(names, 'the parameters are not the same');
    assert.ok(features <= 2e-5, `features: ${features}`);
    assert.ok(running <= 1e-5, `running: ${running}`);
    // Without batch normalisation there is less to round.
    const most = /^(alexnet|fusion)/.test(name) ? 1e-4 : 1e-3;
    assert.ok(grads_encoder <= most, `gradients: ${grads_encoder}`);
  });
}
