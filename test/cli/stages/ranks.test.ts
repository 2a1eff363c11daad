import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { findBindings } from '../../../src/engine/binding.js';
import { wantedEngine } from '../../../src/engine/backend.js';
import { lofi, type Ended } from '../../support/lofi.js';
import { chiefAndWorker, freePorts, listenAt, rankVariables } from '../../support/ranks.js';
import { temporaryFolder } from '../../support/temporary.js';

const [binding] = findBindings();
const skip = !binding || binding.source === 'own' || wantedEngine() === 'wasm' ? 'needs the native engine' : false;

/** The smallest run of all stages, whose batches are of two micro-batches. */
const config = `extends: ${path.resolve('configs/tiny.yaml')}
pretrain: { epochs: 1, microBatch: 4 }
joint: { epochs: 1, microBatch: 2 }
head: { epochs: 1, microBatch: 2, sampler: { type: history, warmup: 1 }, classifier: { epochs: 2 } }
`;

/** A folder with a configuration; returns the options of a run in it. */
function prepare(folder: string, name: string, text = config): string[] {
  const file = path.join(folder, `${name}.yaml`);
  writeFileSync(file, text);
  return ['--config', file, '--run', path.join(folder, name)];
}

const lastLine = ({ stderr }: Ended) =>
  stderr
    .trim()
    .split('\n')
    .filter((line) => line.includes('lofi: '))
    .at(-1);

test('one process and two ranks end at the same bits, and rank 0 writes', { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const one = await lofi(['run', ...prepare(folder, 'one')], rankVariables);
  assert.equal(one.code, 0, one.stderr);
  const env = { ...rankVariables, LOFI_PORT: String(await freePorts(2)) };
  const two = await lofi(['run', ...prepare(folder, 'two'), '--ranks', '2'], env);
  assert.equal(two.code, 0, two.stderr);
  const stagesOf = async (name: string) =>
    JSON.parse((await lofi(['runs', path.join(folder, name), '--json'])).stdout) as object;
  assert.deepEqual(await stagesOf('two'), await stagesOf('one'));
  const detections = (name: string) => readFileSync(path.join(folder, name, 'detections.json'), 'utf8');
  assert.equal(detections('two'), detections('one'));
  const log = (name: string) =>
    readFileSync(path.join(folder, name, 'metrics.jsonl'), 'utf8')
      .replace(/"(seconds|wait|rssMiB|tensors)":[\d.]+|"time":"[^"]*"/g, '')
      .split('\n');
  assert.deepEqual(log('two'), log('one'));
});

test('TF_CONFIG: ranks whose configurations differ, or a wrong port, end in one line each', { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const options = prepare(folder, 'run');
  const [chief, worker] = chiefAndWorker(await freePorts(2));
  const differing = await Promise.all([
    lofi(['pretrain', ...options], chief),
    lofi(['pretrain', ...options, '--set', 'pretrain.lr=0.5'], worker),
  ]);
  for (const ended of differing) {
    assert.equal(ended.code, 2, ended.stderr);
    assert.match(lastLine(ended)!, /rank 1 was started otherwise than rank 0: pretrain\.lr: 0\.02 → 0\.5/);
  }

  const port = await freePorts(2);
  const server = await listenAt(port + 1);
  try {
    const taken = await lofi(['pretrain', ...options], chiefAndWorker(port)[1]);
    assert.equal(taken.code, 1);
    assert.match(lastLine(taken)!, /rank 1 cannot start TensorFlow at 127\.0\.0\.1:\d+ .*port taken/);
  } finally {
    server.close();
  }
});

test('a rank that is missing is named once the others have waited', { skip }, async (t) => {
  const [chief] = chiefAndWorker(await freePorts(2));
  const alone = await lofi(['pretrain', ...prepare(temporaryFolder(t), 'run')], { ...chief, LOFI_RANK_SECONDS: '3' });
  assert.equal(alone.code, 1, alone.stderr);
  assert.match(lastLine(alone)!, /rank 0 ends: rank 1 \(127\.0\.0\.1:\d+\) has ended, hangs or cannot be reached/);
});

test('more than one rank is refused where it cannot be, before anything starts', async (t) => {
  const folder = temporaryFolder(t);
  const options = prepare(folder, 'run');
  const refused = async (args: string[], env: NodeJS.ProcessEnv, message: RegExp) => {
    const ended = await lofi(args, env);
    assert.equal(ended.code, 2, ended.stderr);
    assert.match(lastLine(ended)!, message);
  };
  await refused(
    ['run', ...options, '--ranks', '2'],
    { LOFI_ENGINE: 'wasm' },
    /the wasm engine cannot compute with other/,
  );
  await refused(['run', ...options, '--ranks', '3'], {}, /--ranks 3: give a power of two/);
  await refused(['head', ...options, '--ranks', '2', '--sweep', 'lr=1e-3'], {}, /--sweep does not go with --ranks/);
});
