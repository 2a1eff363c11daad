import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { acquireRunLock } from '../../../src/checkpoints/run-lock.js';
import { configSchema } from '../../../src/config/schema.js';
import { saveDataset, toDataset, type Video } from '../../../src/data/dataset.js';
import {
  goOn,
  openRun,
  readRunConfig,
  refuseConfigChange,
  stage1Clips,
  usableVideos,
  withRun,
} from '../../../src/stages/run/run.js';
import { UsageError, WorkError } from '../../../src/system/errors.js';
import { temporaryFolder } from '../../support/temporary.js';

const says =
  (type: typeof UsageError | typeof WorkError, ...parts: string[]) =>
  (error: unknown) => {
    assert.ok(error instanceof type, String(error));
    for (const part of parts) assert.ok(error.message.includes(part), error.message);
    return true;
  };

/** A dataset file of two training videos, one of them broken, and a validation video that is broken. */
function dataset(folder: string): string {
  const video = (id: string, subset: string, problem?: string): Video => ({
    id,
    subset,
    path: path.join(folder, `${id}.mp4`),
    duration: 10,
    fps: 10,
    frames: 100,
    width: 64,
    height: 48,
    instances: [{ start: 1, end: 2, label: 'wave' }],
    ...(problem === undefined ? {} : { problem }),
  });
  const file = path.join(folder, 'set.json');
  const broken = 'cannot be decoded';
  saveDataset(
    file,
    toDataset([video('a', 'training'), video('b', 'training', broken), video('c', 'validation', broken)]),
  );
  return file;
}
const configOf = (file: string, rest: object = {}) => configSchema.parse({ data: { dataset: file, ...rest } });

test('a run folder begins with its configuration and its own dataset file, and is locked while open', async (t) => {
  const folder = temporaryFolder(t);
  const config = configOf(dataset(folder));
  const name = path.join(folder, 'run');
  const run = await openRun(name, config);
  assert.deepEqual(readRunConfig(name), config);
  assert.deepEqual(
    run.dataset.videos.map(({ id }) => id),
    ['a', 'b', 'c'],
  );
  await assert.rejects(openRun(name, config), says(WorkError, 'is in use by process'));
  run.close();
  // Closed also when the work fails.
  await assert.rejects(
    withRun(name, config, { resume: 'auto', allowConfigChange: false }, () => Promise.reject(new Error('work'))),
    /^Error: work$/,
  );
  acquireRunLock(name).release();
});

test('exactly one source of data, and annotations with their videos', async (t) => {
  const folder = temporaryFolder(t);
  const open = (data: object) => openRun(path.join(folder, 'run'), configSchema.parse({ data }));
  const one = 'give one of data.dataset, data.annotations or data.synthetic';
  await assert.rejects(open({}), says(UsageError, one));
  await assert.rejects(open({ dataset: 'a.json', synthetic: { videos: 1, classes: 1 } }), says(UsageError, one));
  await assert.rejects(open({ annotations: 'a.json' }), says(UsageError, 'data.videos'));
  assert.ok(!existsSync(path.join(folder, 'run')));
  await assert.rejects(open({ dataset: path.join(folder, 'no.json') }), says(UsageError, 'no.json'));
  assert.ok(!existsSync(path.join(folder, 'run', 'lock')));
});

test('broken videos stop the work by name, or are left out where that is allowed', async (t) => {
  const folder = temporaryFolder(t);
  const file = dataset(folder);
  await withRun(path.join(folder, 'fail'), configOf(file), { resume: 'auto', allowConfigChange: false }, (run) => {
    assert.throws(
      () => usableVideos(run, 'training'),
      says(WorkError, '1 of 2 training videos', 'b.mp4: cannot be decoded', 'data.missing=skip'),
    );
    return Promise.resolve();
  });
  const skipping = configOf(file, { missing: 'skip' });
  await withRun(path.join(folder, 'skip'), skipping, { resume: 'auto', allowConfigChange: false }, async (run) => {
    assert.deepEqual(
      usableVideos(run, 'training').map(({ id }) => id),
      ['a'],
    );
    assert.throws(() => usableVideos(run, 'validation'), says(UsageError, 'no usable video in subset "validation"'));
    assert.throws(() => usableVideos(run, 'testing'), says(UsageError, '"testing"'));
    // Without a list of clips, the instances of the usable videos.
    const instances = usableVideos(run, 'training').flatMap((video) => video.instances);
    const clips = await stage1Clips(run);
    assert.deepEqual(
      clips.map(({ label }) => label),
      instances.map(({ label }) => label),
    );
  });
});

test('a folder that is no run, or whose configuration is spoilt', (t) => {
  const folder = temporaryFolder(t);
  assert.throws(() => readRunConfig(folder), says(UsageError, 'no run in', 'config.yaml'));
  writeFileSync(path.join(folder, 'config.yaml'), 'joint: { lr: fast }\n');
  assert.throws(() => readRunConfig(folder), says(UsageError, 'config.yaml: joint.lr'));
  writeFileSync(path.join(folder, 'config.yaml'), 'joint: { lr: [\n');
  assert.throws(() => readRunConfig(folder), says(UsageError, 'config.yaml'));
});

test('another configuration is refused by key, both values, and what to do', async (t) => {
  const folder = temporaryFolder(t);
  const config = configOf(dataset(folder));
  const run = await openRun(path.join(folder, 'run'), config);
  const before = { config: { joint: { lr: 0.7 } }, hash: 'another' };
  assert.throws(
    () => {
      refuseConfigChange(run, 'joint', before);
    },
    says(UsageError, 'joint in ', 'joint.lr: 0.7 → 0.1', '--allow-config-change'),
  );
  refuseConfigChange({ ...run, policy: { resume: 'auto', allowConfigChange: true } }, 'joint', before);
  run.close();
});

test('the configuration of a run with finished stages stays while it does not fit them', async (t) => {
  const folder = temporaryFolder(t);
  const file = dataset(folder);
  const name = path.join(folder, 'run');
  const config = configOf(file);
  const first = await openRun(name, config);
  first.store.save('head', {
    what: 'head',
    step: 1,
    epoch: 1,
    tensors: new Map([['w', { dtype: 'F32', shape: [1], data: Float32Array.of(1) }]]),
    configHash: 'of another time',
    parent: null,
    engine: 'none 0',
    seed: 0,
    best: null,
    finished: true,
    state: {},
  });
  first.close();
  const changed = { ...config, seed: 5 };
  const kept = readFileSync(path.join(name, 'config.yaml'), 'utf8');
  (await openRun(name, changed)).close();
  assert.equal(readFileSync(path.join(name, 'config.yaml'), 'utf8'), kept);
  (await openRun(name, changed, { resume: 'auto', allowConfigChange: true })).close();
  assert.equal(readRunConfig(name).seed, 5);
});

test('a run that keeps its dataset opens without the sources of it', async (t) => {
  const folder = temporaryFolder(t);
  const file = dataset(folder);
  const name = path.join(folder, 'run');
  (await openRun(name, configOf(file))).close();
  rmSync(file);
  await assert.rejects(openRun(name, configOf(file)), UsageError);
  const kept = await openRun(name, configOf(file), goOn, 'kept');
  assert.equal(kept.dataset.videos.length, 3);
  kept.close();
});
