import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { configSchema } from '../../../src/config/schema.js';
import { featureChannels } from '../../../src/stages/estimate/feature-channels.js';
import { npy } from '../../support/feature-files.js';
import { writeFeatures } from '../../support/feature-runs.js';
import { temporaryFolder } from '../../support/temporary.js';

/** A folder `features` with a file of each shape. */
function withFiles(t: TestContext, shapes: readonly (readonly [number, number])[]): string {
  const root = temporaryFolder(t);
  const matrices = shapes.map((shape, i) => [`v${i}`, { data: new Float32Array(shape[0] * shape[1]), shape }] as const);
  writeFeatures(path.join(root, 'features'), '.npy', npy, new Map(matrices));
  return root;
}

const channelsOf = (root: string, keys: { data?: object } = {}) =>
  featureChannels(configSchema.parse({ ...keys, data: { root, features: 'features', ...keys.data } }));

void test('an encoder’s own features have its channels', () => {
  assert.deepEqual(featureChannels(configSchema.parse({ encoder: { width: 16 } })), { channels: 128 });
});

void test('published features have the channels that their files share', (t) => {
  assert.deepEqual(channelsOf(withFiles(t, [[7, 5], [9, 5]])), { channels: 5 }); // prettier-ignore
  assert.deepEqual(channelsOf(withFiles(t, [[6, 7], [6, 9]])), { channels: 6 }); // prettier-ignore
  assert.deepEqual(channelsOf(withFiles(t, [[6, 100]])), { channels: 6 });
  assert.deepEqual(channelsOf(withFiles(t, [[6, 7]]), { data: { featureLayout: 'rows' } }), { channels: 7 });
  assert.deepEqual(channelsOf(withFiles(t, [[6, 7]]), { data: { featureLayout: 'columns' } }), { channels: 6 });
});

void test('where they cannot be told, it says what is assumed and why', (t) => {
  const assumed = (root: string, why: RegExp) => {
    const found = channelsOf(root);
    assert.equal(found.channels, 2048);
    assert.match(found.assumed!, /^Features are assumed to have 2048 channels: /);
    assert.match(found.assumed!, why);
    assert.doesNotMatch(found.assumed!, /\n/);
  };
  assumed(path.join(temporaryFolder(t), 'none'), /not readable: .*features \(ENOENT\)\.$/);
  assumed(withFiles(t, [[6, 7]]), /set data\.featureLayout=rows/);
  const empty = temporaryFolder(t);
  mkdirSync(path.join(empty, 'features'));
  assumed(empty, /no feature files/);
  writeFileSync(path.join(empty, 'features', 'v.npy'), 'not a matrix');
  assumed(empty, /v\.npy/);
});
