import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { featureKey, FeatureStore, latestFeatureManifest, type Features } from '../../src/checkpoints/feature-store.js';
import { hashTensors, type TensorData } from '../../src/checkpoints/formats/tensor.js';
import { captureStderr } from '../support/checkpoints.js';
import { temporaryFolder } from '../support/temporary.js';

const key = featureKey({ encoder: 'ab', fidelity: [100, 224] });

function features(value: number): Features {
  return { shape: [2, 3], data: Float32Array.from({ length: 6 }, (_, i) => value + i / 8) };
}

/** A store whose shards hold two videos each. */
function open(run: string): FeatureStore {
  return new FeatureStore(run, key, () => 'file', 48);
}

function filled(t: TestContext, ...ids: string[]): { run: string; folder: string; store: FeatureStore } {
  const run = path.join(temporaryFolder(t), 'demo');
  const store = open(run);
  for (const [i, id] of ids.entries()) store.put(id, features(i));
  return { run, folder: path.join(run, 'store', 'extract', key), store };
}

describe('FeatureStore', () => {
  it('gives back features from memory and from shards, whatever the ids', (t) => {
    const ids = ['v_b', '../../etc/passwd', '__proto__', '__metadata__', 'ü\n'];
    const { folder, store } = filled(t, ...ids);
    for (const [i, id] of ids.entries()) assert.deepEqual(store.get(id), features(i));
    assert.ok(ids.every((id) => store.has(id)));
    store.finish();
    for (const [i, id] of ids.entries()) assert.deepEqual(store.get(id), features(i));
    const shards = ['00000', '00001', '00002'].flatMap((name) => [`${name}.json`, `${name}.safetensors`]);
    assert.deepEqual(readdirSync(folder).sort(), [...shards, 'manifest.json']);
    assert.throws(() => store.get('v_c'), { name: 'WorkError', message: /no features of v_c .*run lofi extract/ });
    assert.throws(() => {
      store.put('v_b', features(0));
    }, /there already/);
  });

  it('keeps a copy of what it is given', (t) => {
    const { store } = filled(t);
    const given = features(1);
    store.put('a', given);
    given.data.fill(0);
    assert.deepEqual(store.get('a'), features(1));
  });

  it('hashes all features, whatever their order and shards', (t) => {
    const tensors = new Map<string, TensorData>(['a', 'b', 'c'].map((id, i) => [id, { dtype: 'F32', ...features(i) }]));
    const { sha256 } = filled(t, 'a', 'b', 'c').store.finish();
    assert.equal(sha256, hashTensors(tensors));
    const other = new FeatureStore(temporaryFolder(t), key);
    for (const [i, id] of ['a', 'b', 'c'].entries()) {
      other.put(id, features(i));
      if (i !== 1) other.flush();
    }
    assert.equal(other.finish().sha256, sha256);
  });

  it('goes on after an interruption with the shards that were written', (t) => {
    const { run, folder, store } = filled(t, 'a', 'b', 'c');
    assert.equal(store.finished(), null);
    writeFileSync(path.join(folder, '00001.safetensors'), 'half a shard without its hashes');
    const again = open(run);
    assert.deepEqual(
      ['a', 'b', 'c'].map((id) => again.has(id)),
      [true, true, false],
    );
    again.put('c', features(2));
    const manifest = again.finish();
    assert.deepEqual(manifest, filled(t, 'a', 'b', 'c').store.finish());
    assert.deepEqual(open(run).finished(), manifest);
    assert.deepEqual(latestFeatureManifest(run), manifest);
  });

  it('notices a flipped bit anywhere in a shard or its hashes, and heals', (t) => {
    const { run, folder, store } = filled(t, 'a', 'b', 'c', 'd');
    const manifest = store.finish();
    const stderr = captureStderr(t);
    for (const name of ['00000.safetensors', '00000.json']) {
      const file = path.join(folder, name);
      const good = readFileSync(file);
      for (let at = 0; at < good.length; at++) {
        const flipped = Buffer.from(good);
        flipped[at] = flipped[at]! ^ (1 << (at & 7));
        writeFileSync(file, flipped);
        const damaged = open(run);
        assert.equal(damaged.finished(), null, `${name} byte ${at}`);
        assert.deepEqual(stderr.splice(0), [`damaged: ${file}\n`]);
        assert.deepEqual(
          ['a', 'b', 'c', 'd'].map((id) => damaged.has(id)),
          [false, false, true, true],
        );
      }
      const damaged = open(run);
      damaged.verify();
      damaged.put('b', features(1));
      damaged.put('a', features(0));
      assert.deepEqual(damaged.finish(), manifest);
      assert.deepEqual(open(run).finished(), manifest);
      assert.equal(readdirSync(folder).length, 5);
      stderr.splice(0);
    }
  });

  it('never gives out damaged features', (t) => {
    const { folder, store } = filled(t, 'a', 'b');
    const file = path.join(folder, '00000.safetensors');
    const bytes = readFileSync(file);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(file, bytes);
    assert.deepEqual(store.get('a'), features(0));
    assert.throws(() => store.get('b'), { name: 'WorkError', message: /^damaged: .*00000\.safetensors/ });
  });

  it('is found by its key only, also in a moved folder', (t) => {
    const { run, store } = filled(t, 'a');
    assert.equal(latestFeatureManifest(run), null);
    const manifest = store.finish();
    const moved = path.join(temporaryFolder(t), 'moved');
    renameSync(run, moved);
    assert.deepEqual(open(moved).get('a'), features(0));
    assert.deepEqual(latestFeatureManifest(moved), manifest);
    const stale = featureKey({ encoder: 'cd', fidelity: [100, 224] });
    assert.equal(new FeatureStore(moved, stale).has('a'), false);
  });

  it('finds no features that were made of another file, and those of the new one in their place', (t) => {
    const { run, store } = filled(t, 'a', 'b', 'c');
    store.finish();
    const sourceOf = (id: string) => (id === 'a' ? 'another file' : 'file');
    const now = new FeatureStore(run, key, sourceOf, 48);
    assert.equal(now.finished(), null);
    assert.deepEqual(
      ['a', 'b', 'c'].map((id) => now.has(id)),
      [false, true, true],
    );
    now.put('a', features(9));
    now.finish();
    const again = new FeatureStore(run, key, sourceOf, 48);
    assert.deepEqual(again.get('a'), features(9));
    assert.notEqual(again.finished(), null);
    assert.deepEqual(open(run).get('b'), features(1));
  });

  it('can finish without any video', (t) => {
    const { run, store } = filled(t);
    assert.equal(store.finish().videos, 0);
    assert.equal(open(run).finished()!.videos, 0);
  });
});

describe('featureKey', () => {
  it('depends on the parts, not on their order', () => {
    assert.match(key, /^[0-9a-f]{16}$/);
    assert.equal(featureKey({ fidelity: [100, 224], encoder: 'ab' }), key);
    assert.notEqual(featureKey({ fidelity: [100, 112], encoder: 'ab' }), key);
  });
});
