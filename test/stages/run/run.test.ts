import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { acquireRunLock } from '../../../src/checkpoints/run-lock.js';
import { configSchema } from '../../../src/config/schema.js';
import { configHash } from '../../../src/config/hash.js';
import { loadDataset, saveDataset, toDataset, type Video } from '../../../src/data/dataset.js';
import { runStages } from '../../../src/stages/pipeline.js';
import { openRun, readRunConfig, withRun } from '../../../src/stages/run/run.js';
import { usableVideos } from '../../../src/stages/run/usable-videos.js';
import { stage1Clips } from '../../../src/stages/pretrain/stage1-clips.js';
import { refuseChanges } from '../../../src/stages/training/changes.js';
import { UsageError, WorkError } from '../../../src/system/errors.js';
import { checkpoint } from '../../support/checkpoints.js';
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
    withRun(name, config, {}, () => Promise.reject(new Error('work'))),
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
  await withRun(path.join(folder, 'fail'), configOf(file), {}, (run) => {
    assert.throws(
      () => usableVideos(run, 'training'),
      says(WorkError, '1 of 2 training videos', 'b.mp4: cannot be decoded', 'data.missing=skip'),
    );
    return Promise.resolve();
  });
  const skipping = configOf(file, { missing: 'skip' });
  await withRun(path.join(folder, 'skip'), skipping, {}, async (run) => {
    assert.deepEqual(
      usableVideos(run, 'training').map(({ id }) => id),
      ['a'],
    );
    assert.throws(() => usableVideos(run, 'validation'), says(UsageError, 'no usable video in subset "validation"'));
    assert.throws(() => usableVideos(run, 'testing'), says(UsageError, '"testing"'));
    // Without a list of clips, the instances of the usable videos; and of one label, what is between them.
    const instances = usableVideos(run, 'training').flatMap((video) => video.instances);
    const { training, classes } = await stage1Clips(run);
    assert.deepEqual(classes, ['no wave', 'wave']);
    assert.deepEqual(
      training.map(({ label }) => label).filter((label) => label === 'wave'),
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

test('another configuration and other data are refused by key, both values, and what to do', async (t) => {
  const folder = temporaryFolder(t);
  const run = await openRun(path.join(folder, 'run'), configOf(dataset(folder)));
  const clips = { sha256: 'a', says: '3 clips of 1 label' };
  const made = {
    ...{ configHash: 'another', state: { config: { joint: { lr: 0.7 } } } },
    ...{ classes: ['jump', 'wave'], inputs: { clips, videos: clips } },
  };
  const now = {
    inputs: { clips: { sha256: 'b', says: '4 clips of 1 label' }, videos: { ...clips, sha256: 'c' }, weights: clips },
    classes: ['wave', 'leap'],
  };
  assert.throws(
    () => {
      refuseChanges(run, 'joint', made, now);
    },
    says(
      UsageError,
      'joint in ',
      'joint.lr: 0.7 → 0.1',
      'classes: jump, wave → wave, leap',
      'clips: 3 clips of 1 label → 4 clips of 1 label',
      'videos: 3 clips of 1 label, but not the same',
      'weights: not recorded → 3 clips of 1 label',
      '--allow-config-change',
    ),
  );
  refuseChanges({ ...run, policy: { resume: 'auto', allowConfigChange: true } }, 'joint', made, now);
  const same = { ...made, configHash: configHash(run.config, 'joint') };
  // What cannot be compared any longer, as a file of weights that is gone, is no change.
  refuseChanges(run, 'joint', same, { inputs: { clips }, classes: made.classes });
  run.close();
});

test('configuration and dataset of a run stay while its stages refuse others', async (t) => {
  const folder = temporaryFolder(t);
  const file = dataset(folder);
  const name = path.join(folder, 'run');
  const config = configOf(file, { missing: 'skip' });
  const first = await openRun(name, config);
  first.store.save('joint', checkpoint(1, { finished: true, state: { config: {} } }));
  first.close();
  const changed = { ...config, seed: 5 };
  saveDataset(file, toDataset(loadDataset(file).videos.slice(0, 2)));
  const kept = () => ['config.yaml', 'dataset.json'].map((part) => readFileSync(path.join(name, part), 'utf8'));
  const before = kept();
  await withRun(name, changed, {}, async (run) => {
    await assert.rejects(runStages(run, ['joint']), says(UsageError, 'joint in '));
    assert.deepEqual(kept(), before);
    // Stages that are not asked for refuse nothing, but the configuration stays that of those that are there.
    await assert.rejects(runStages(run, ['head']), says(UsageError, 'run `lofi extract` first'));
    assert.deepEqual(kept()[0], before[0]);
    assert.notEqual(kept()[1], before[1]);
  });
  await withRun(name, changed, { policy: { resume: 'auto', allowConfigChange: true } }, async (run) => {
    await assert.rejects(runStages(run, ['head']));
    assert.equal(readRunConfig(name).seed, 5);
  });
});

test('a run that keeps its dataset opens without the sources of it', async (t) => {
  const folder = temporaryFolder(t);
  const file = dataset(folder);
  const name = path.join(folder, 'run');
  (await openRun(name, configOf(file))).close();
  rmSync(file);
  await assert.rejects(openRun(name, configOf(file)), UsageError);
  const kept = await openRun(name, configOf(file), { dataset: 'kept' });
  assert.equal(kept.dataset.videos.length, 3);
  kept.close();
});
