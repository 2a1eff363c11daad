import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { missing, shared } from '../support/shared.js';

const run = promisify(execFile);
/** A narrow model, by tools/bench/peers/lofi_golden.py, and a wider one beside the checkout. */
const cases = [
  path.resolve(import.meta.dirname, '../fixtures/lofi-step/lofi-step.json'),
  shared('peers/golden/lofi_step.json'),
];

/** Largest errors allowed against the PyTorch reference. */
const limits: Record<string, number> = {
  features: 2e-5,
  running: 1e-5,
  grads_encoder: 1e-3,
  map: 2e-5,
  start: 2e-5,
  end: 2e-5,
  labels: 1e-6,
  loss: 1e-5,
  grads: 1e-3,
};

for (const file of cases) {
  for (const engine of ['', 'wasm']) {
    const name = `${path.basename(file)}: a training step agrees with PyTorch (${engine || 'default engine'})`;
    test(name, { skip: missing(file) }, () => compare(file, engine));
  }
}

async function compare(file: string, engine: string): Promise<void> {
  const tool = new URL('../../tools/parity.ts', import.meta.url).pathname;
  const { stdout } = await run(process.execPath, ['--import', 'tsx', tool, file], {
    env: { ...process.env, LOFI_ENGINE: engine || (process.env['LOFI_ENGINE'] ?? '') },
  });
  const errors = JSON.parse(stdout) as Record<string, number>;
  assert.deepEqual(Object.keys(errors).sort(), Object.keys(limits).sort());
  for (const [name, limit] of Object.entries(limits)) {
    const allowed = name === 'features' && engine === 'wasm' ? 1e-4 : limit;
    assert.ok(errors[name]! <= allowed, `${name}: ${errors[name]!} is above ${allowed}`);
  }
}
