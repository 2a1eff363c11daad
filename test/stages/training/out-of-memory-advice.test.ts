import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test, type TestContext } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { stringify } from 'yaml';
import { loadConfig } from '../../../src/config/load.js';
import { configSchema } from '../../../src/config/schema.js';
import { stages, type StageName } from '../../../src/config/stages.js';
import { startEngine } from '../../../src/engine/backend.js';
import { isNative } from '../../../src/engine/ops/run-native.js';
import { buildEncoder } from '../../../src/models/encoders/encoder-catalogue.js';
import { buildHead } from '../../../src/models/heads/head-catalogue.js';
import { lessMemory, smallerSettings, withinMemory } from '../../../src/stages/training/out-of-memory-advice.js';
import { WorkError } from '../../../src/system/errors.js';
import { temporaryFolder } from '../../support/temporary.js';

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
  assert.match(lessMemory(config({ joint: { gradient: 'chunked', chunk: 1 } }), 'joint', 1), /encoder\.width=32/);
});

void test('chunks are shorter than the videos', () => {
  const shapes = [{ snippets: 8, size: 64 }];
  const joint = (keys: object) => lessMemory(config({ joint: { shapes, ...keys } }), 'joint', 1);
  assert.equal(joint({}), 'Set joint.gradient=chunked and joint.chunk=4.');
  assert.equal(joint({ gradient: 'chunked', chunk: 100 }), 'Set joint.chunk=4.');
});

void test('each head is told its own keys, and nothing that is at its least', () => {
  const window = { snippets: 256, every: 4 };
  const pyramid = (keys: object) => lessMemory(config({ model: { type: 'pyramid', ...keys } }), 'head', 1);
  assert.equal(lessMemory(config({ model: { window } }), 'head', 1), 'Set model.h3=256, or model.window.snippets=128.');
  assert.equal(pyramid({ window, heads: 8, width: 24 }), 'Set model.width=8, or model.window.snippets=128.');
  assert.equal(pyramid({ window, heads: 8, width: 8 }), 'Set model.window.snippets=128.');
  assert.equal(
    pyramid({ window, attention: null }),
    'Set model.width=128, or model.attention=19, or model.window.snippets=128.',
  );
  // Six levels pad every sequence to 32 snippets.
  assert.equal(pyramid({ window: { snippets: 33, every: 4 } }), 'Set model.width=128.');
  assert.match(pyramid({ window: { snippets: 33, every: 4 }, width: 4 }), /^No setting makes it smaller: /);
});

void test('what has no effect is not advised', () => {
  const multigrid = { batchNormBase: 8 };
  assert.equal(
    lessMemory(config({ pretrain: { multigrid } }), 'pretrain', 8),
    'Set pretrain.multigrid.batchNormBase=4.',
  );
  // Weights fit one width, and shapes that are stated do not follow full.size.
  const joint = { gradient: 'chunked', chunk: 1, shapes: [{ snippets: 8, size: 64 }] };
  const given = { joint, encoder: { weights: 'weights.safetensors' } };
  assert.equal(
    lessMemory(config(given), 'joint', 1),
    'Set joint.shapes=[{ snippets: 8, size: 45 }], or model.h3=256, or data.prefetch=1.',
  );
  assert.equal(lessMemory(config({ head: { views: 3 } }), 'segments', 64), 'Set head.views=2.');
});

const configurations: Record<string, object> = {
  gtad: {},
  'gtad in windows': { model: { window: { snippets: 256, every: 5 } } },
  pyramid: { model: { type: 'pyramid', attention: null } },
  'pyramid in windows': { model: { type: 'pyramid', blocks: 'conv', window: { snippets: 2304, every: 4 } } },
  multigrid: { pretrain: { multigrid: {} } },
  'shapes that are stated': {
    joint: {
      shapes: [
        { snippets: 24, size: 32 },
        { snippets: 8, size: 48 },
      ],
    },
  },
  'low fidelity in time': { joint: { fidelity: 't' }, model: { k: 3 } },
  'given weights': { encoder: { type: 'efficientnet-lite0', weights: 'imagenet' } },
  mobilenet: { encoder: { type: 'mobilenet-v2' } },
  r2plus1d: { encoder: { type: 'r2plus1d-18' } },
  'published features': { data: { features: 'features' } },
};

for (const [name, keys] of Object.entries(configurations)) {
  void test(`whatever is advised parses, makes models and comes to an end: ${name}`, (t) => {
    const file = written(t, keys);
    for (const stage of stages.filter(({ applies }) => applies(loadConfig(file).config))) followed(file, stage.name);
  });
}

function written(t: TestContext, keys: object): string {
  const file = path.join(temporaryFolder(t), 'config.yaml');
  writeFileSync(file, stringify(keys));
  return file;
}

/** Follows the advice for a stage, each alternative in turn, until there is none any more. */
function followed(file: string, stage: StageName): void {
  const set: string[] = [];
  for (let items = 16; ;) {
    const { config } = loadConfig(file, set);
    const alternatives = smallerSettings(config, stage, items);
    if (alternatives.length === 0) break;
    for (const settings of alternatives) {
      for (const setting of settings)
        assert.notEqual(valueOf(config, keyOf(setting)), setting.slice(keyOf(setting).length + 1));
      built(loadConfig(file, [...set, ...settings]).config);
    }
    const [chosen] = alternatives as [(typeof alternatives)[number]];
    set.push(...chosen);
    const fewer = chosen.some((setting) => /microBatch|batchNormBase/.test(setting));
    if (fewer) items = Math.floor(items / 2);
    assert.ok(set.length < 100, set.join(' '));
  }
}

const keyOf = (setting: string) => setting.slice(0, setting.indexOf('='));

function valueOf(of: object, key: string): string {
  let value: unknown = of;
  for (const part of key.split('.')) value = (value as Record<string, unknown>)[part];
  return String(value);
}

/** The models of a configuration can be built. */
function built({ encoder, model }: ReturnType<typeof config>): void {
  const { channels } = buildEncoder(encoder);
  buildHead(model, channels, 3)[Symbol.dispose]();
}
