import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { startEngine } from '../../../src/engine/backend.js';
import { npy } from '../../support/feature-files.js';
import { tiny, writeFeatures } from '../../support/feature-runs.js';
import { lofi, startLofi } from '../../support/lofi.js';
import { temporaryFolder } from '../../support/temporary.js';

const skip = (await startEngine()).name !== 'tensorflow' && 'needs native TensorFlow';

/** A configuration file in a folder of its own. */
function written(t: TestContext, keys: object): { root: string; file: string } {
  const root = temporaryFolder(t);
  const file = path.join(root, 'config.yaml');
  writeFileSync(file, stringify(keys));
  return { root, file };
}

interface Printed {
  stages: Record<string, { parameters: number; shapes: { shape: string; gflops: number; peak_gib: number }[] }>;
}

test('on published features only what is trained on them is estimated, for their channels', { skip }, async (t) => {
  const { root, file } = written(t, { ...tiny, data: { features: 'features' } });
  writeFeatures(path.join(root, 'features'), '.npy', npy);
  const known = await lofi(['estimate', '--config', file, '--set', `data.root=${root}`, '--json']);
  assert.equal(known.code, 0, known.stderr);
  const { stages } = JSON.parse(known.stdout) as Printed;
  assert.deepEqual(Object.keys(stages), ['segments', 'head']);
  // 64 channels and 20 classes.
  assert.equal(stages['segments']!.parameters, 64 * 20 + 20);
  const [{ shape, gflops, peak_gib }] = stages['head']!.shapes as [Printed['stages'][string]['shapes'][number]];
  assert.equal(shape, '16');
  assert.ok(gflops > 0 && peak_gib > 0);
  assert.doesNotMatch(known.stderr, /assumed|decoded frames/);

  const table = await lofi(['estimate', '--config', file]);
  assert.equal(table.code, 0, table.stderr);
  assert.match(table.stdout, /head .* 16 /);
  assert.doesNotMatch(table.stdout, /pretrain|joint|extract/);
  assert.match(table.stderr, /^note: Features are assumed to have 2048 channels: folder of features not readable: /);
});

test('full.size can be set alone, and shapes follow it', { skip }, async (t) => {
  const { file } = written(t, { encoder: { width: 8, frames: 2 }, model: tiny.model, pretrain: { epochs: 0 } });
  const { code, stdout, stderr } = await lofi(['estimate', '--config', file, '--set', 'full.size=64', '--json']);
  assert.equal(code, 0, stderr);
  const { stages } = JSON.parse(stdout) as Printed;
  // Of stage 1 there are no epochs.
  assert.deepEqual(Object.keys(stages), ['joint', 'extract', 'segments', 'head']);
  assert.deepEqual(
    stages['joint']!.shapes.map(({ shape }) => shape),
    ['100x32', '25x64', '50x45'],
  );
});

test('what does not fit is said with what to set, and wrong configurations in one line', { skip }, async (t) => {
  const { file } = written(t, { ...tiny, model: { type: 'pyramid', width: 8 }, encoder: { width: 8, frames: 2 } });
  const joint = { shapes: [{ snippets: 16, size: 32 }], microBatch: null, batch: 1000000 };
  const large = await lofi(['estimate', '--config', file, '--set', `joint=${JSON.stringify(joint)}`]);
  assert.equal(large.code, 0, large.stderr);
  assert.match(large.stdout, /too much/);
  assert.match(large.stdout, /^joint does not fit\. Set joint\.microBatch=500000\.$/m);
  const { code, stderr } = await lofi(['estimate', '--config', file, '--set', 'model={type: gtad, h1: 30}']);
  assert.deepEqual([code, stderr.trimEnd().split('\n').length], [2, 1], stderr);
  assert.match(stderr, /model\.h1: 30 channels do not divide into 4 groups/);
});

test('without the native engine there is nothing to meter', async (t) => {
  const { file } = written(t, tiny);
  const { code, stdout, stderr } = await lofi(['estimate', '--config', file], { LOFI_ENGINE: 'wasm' });
  assert.deepEqual([code, stdout], [2, '']);
  assert.match(stderr, /run lofi setup/);
});

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} ends an estimate of minutes, whatever is being metered`, { skip }, async (t) => {
    // A single pass back through a snippet takes this encoder seconds.
    const { file } = written(t, { encoder: { type: 'r2plus1d-18', frames: 32 }, pretrain: { multigrid: {} } });
    const child = startLofi(['estimate', '--config', file]);
    t.after(() => child.kill('SIGKILL'));
    let stdout = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    await sleep(6000);
    child.kill(signal);
    const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
    const ended = await Promise.race([closed, sleep(20_000, 'still running after 20 s', { ref: false })]);
    assert.deepEqual([ended, stdout], [[code, null], '']);
  });
}
