import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { configSchema } from '../../../src/config/schema.js';
import { startEngine } from '../../../src/engine/backend.js';
import { isNative } from '../../../src/engine/ops/run-native.js';
import { lessMemory, withinMemory } from '../../../src/stages/training/out-of-memory-advice.js';
import { WorkError } from '../../../src/system/errors.js';

before(() => startEngine());

const config = (keys: object) => configSchema.parse(keys);

void test('a step that does not fit says what did not, and which key to change', (t) => {
  if (!isNative()) {
    t.skip('needs native TensorFlow');
    return;
  }
  // 4 TB, which no machine hands out.
  const step = () => tf.tidy(() => tf.tile(tf.ones([1000, 1000]), [1000, 1000]).dataSync());
  assert.throws(
    () => withinMemory(config({}), 'joint', { items: 4, shape: '100x112' }, step),
    new WorkError('joint: out of memory with 4 × 100x112 through the network at once. Set joint.microBatch=2.'),
  );
});

void test('other errors pass as they are, and so do results', () => {
  const other = new Error('something else');
  const at = { items: 1, shape: '8x224' };
  const fail = () => {
    throw other;
  };
  assert.throws(() => withinMemory(config({}), 'pretrain', at, fail), other);
  assert.equal(
    withinMemory(config({}), 'pretrain', at, () => 5),
    5,
  );
});

void test('first smaller micro-batches, then chunks, then smaller chunks', () => {
  assert.equal(lessMemory(config({}), 'pretrain', 5), 'Set pretrain.microBatch=2.');
  assert.equal(lessMemory(config({}), 'joint', 1), 'Set joint.gradient=chunked.');
  assert.equal(lessMemory(config({ joint: { gradient: 'chunked' } }), 'joint', 1), 'Set joint.chunk=5.');
  assert.match(lessMemory(config({ joint: { gradient: 'chunked', chunk: 1 } }), 'joint', 1), /encoder\.width/);
  assert.match(lessMemory(config({}), 'head', 1), /model\.window/);
});
