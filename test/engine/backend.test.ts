import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine, wantedEngine } from '../../src/engine/backend.js';
import { UsageError } from '../../src/system/errors.js';
import { lofi } from '../support/lofi.js';
import { temporaryFolder } from '../support/temporary.js';

test('LOFI_ENGINE names an engine or is refused', () => {
  assert.equal(wantedEngine({}), undefined);
  assert.equal(wantedEngine({ LOFI_ENGINE: '' }), undefined);
  assert.equal(wantedEngine({ LOFI_ENGINE: 'wasm' }), 'wasm');
  assert.equal(wantedEngine({ LOFI_ENGINE: 'tensorflow' }), 'tensorflow');
  assert.throws(
    () => wantedEngine({ LOFI_ENGINE: 'cuda' }),
    (error) => error instanceof UsageError && error.message.includes('LOFI_ENGINE=cuda'),
  );
});

test('the engine starts once, computes, differentiates, and listens to no signals or errors', async () => {
  const events = ['uncaughtException', 'unhandledRejection', 'SIGINT', 'SIGTERM'];
  const before = events.map((event) => process.listenerCount(event));
  const engine = await startEngine();
  assert.equal(await startEngine(), engine);
  assert.equal(tf.getBackend(), engine.name);
  assert.match(engine.version, /^\d+\.\d+\.\d+$/);
  assert.ok(engine.threads >= 1);
  const gradient = tf.tidy(() =>
    tf
      .grad((x) => tf.sum(tf.relu(x)))(tf.tensor1d([-1, 2]))
      .dataSync(),
  );
  assert.deepEqual([...gradient], [0, 1]);
  assert.deepEqual(
    events.map((event) => process.listenerCount(event)),
    before,
  );
});

test('an engine that is there starts without a word, on any processor', async () => {
  const { code, stderr } = await lofi(['doctor']);
  assert.deepEqual([code, stderr], [0, '']);
});

test('without native TensorFlow: wasm with one loud line, or an error when it was asked for', async (t) => {
  const XDG_CACHE_HOME = temporaryFolder(t);
  const fallback = await lofi(['doctor', '--json'], { XDG_CACHE_HOME, LOFI_ENGINE: '' });
  const found = JSON.parse(fallback.stdout) as { engine: { name: string }; problems: string[] };
  assert.equal(found.engine.name, 'wasm');
  assert.match(fallback.stderr, /^warning: native TensorFlow is not set up: .*SLOWER.*lofi setup.*\n$/);
  assert.ok(found.problems.some((problem) => problem.includes('native TensorFlow is not set up')));

  const forced = await lofi(['doctor', '--json'], { XDG_CACHE_HOME, LOFI_ENGINE: 'tensorflow' });
  const failed = JSON.parse(forced.stdout) as { engine: null; problems: string[] };
  assert.equal(failed.engine, null);
  assert.ok(failed.problems.some((problem) => /not set up\. Run lofi setup, or unset LOFI_ENGINE/.test(problem)));

  const asked = await lofi(['doctor', '--json'], { XDG_CACHE_HOME, LOFI_ENGINE: 'wasm' });
  assert.equal(asked.stderr, '');
});
