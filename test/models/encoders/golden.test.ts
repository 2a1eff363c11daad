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
  assert.deepEqual(cases.sort(), ['r2plus1d-18.json', 'resnet34.json', 'resnet50.json']);
});

for (const name of cases) {
  test(`${path.basename(name, '.json')}: a training pass agrees with torchvision's`, () => {
    const { names, features, running, grads_encoder } = encoderErrors(path.join(folder, name));
    assert.ok(names, 'the parameters are not the same');
    assert.ok(features <= 2e-5, `features: ${features}`);
    assert.ok(running <= 1e-5, `running: ${running}`);
    assert.ok(grads_encoder <= 1e-3, `gradients: ${grads_encoder}`);
  });
}
