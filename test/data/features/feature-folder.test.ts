import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { FeatureFolder } from '../../../src/data/features/feature-folder.js';
import { UsageError } from '../../../src/system/errors.js';
import { temporaryFolder } from '../../support/temporary.js';

test('files are found by id, with and without v_, and only in the folder', (t) => {
  const root = temporaryFolder(t);
  const folder = path.join(root, 'features');
  mkdirSync(folder);
  for (const name of ['a.npy', 'v_b.NPZ', '-c.d.csv', 'e.npy', 'e.csv', '__proto__.csv', 'notes.txt', '../x.npy'])
    writeFileSync(path.join(folder, name), '');
  const features = new FeatureFolder(folder, ['.npy', '.npz', '.csv']);
  assert.equal(features.find('a'), path.join(folder, 'a.npy'));
  assert.equal(features.find('v_a'), path.join(folder, 'a.npy'));
  assert.equal(features.find('b'), path.join(folder, 'v_b.NPZ'));
  assert.equal(features.find('-c.d'), path.join(folder, '-c.d.csv'));
  assert.equal(features.find('__proto__'), path.join(folder, '__proto__.csv'));
  for (const id of ['../x', 'notes', 'constructor', '', '.']) assert.equal(features.find(id), null, id);
  assert.throws(() => features.find('e'), { name: UsageError.name, message: /keep only one of e\.csv and e\.npy$/ });
});

test('a folder that is missing or without features is refused', (t) => {
  const folder = temporaryFolder(t);
  assert.throws(() => new FeatureFolder(path.join(folder, 'none'), ['.npy']), /not readable: .*none \(ENOENT\)/);
  assert.throws(() => new FeatureFolder(folder, ['.npy', '.csv']), /no feature files \(\.npy \.csv\) in /);
});
