import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { RunStore } from '../../../src/checkpoints/run-store.js';
import { hashTensors } from '../../../src/checkpoints/formats/tensor.js';
import type { Config } from '../../../src/config/schema.js';
import type { FeatureSource } from '../../../src/stages/features/feature-source.js';
import { startOnFeatures } from '../../../src/stages/features/trained-on-features.js';
import { headStage } from '../../../src/stages/head/head-stage.js';
import { openRun, type Run } from '../../../src/stages/run/run.js';
import { Stopped, WorkError } from '../../../src/system/errors.js';
import { npy } from '../../support/feature-files.js';
import { published, writeAnnotations, writeFeatures } from '../../support/feature-runs.js';
import { fillDisk } from '../../support/full-disk.js';
import { captureStderr } from '../../support/checkpoints.js';
import { temporaryFolder } from '../../support/temporary.js';
import { learntLog } from '../../support/log.js';

/** The head trains 2 epochs of 2 steps, with a validation after each, and an average of its weights. */
const quick = { head: { epochs: 2, batch: 3, lr: 1e-2, ema: 0.9, lrSteps: [1], classifier: { epochs: 2 } } };
const steps = 4;

interface Trained {
  sha256: string;
  best: unknown;
  log: string[];
}

/** The final state of a run. The log's fields that describe the process and its time are left out. */
function outcome(folder: string): Trained {
  const { tensors, manifest } = new RunStore(folder).load('head', 'latest')!;
  assert.ok(manifest.finished);
  const log = learntLog(path.join(folder, 'metrics.jsonl'), ({ stage }) => stage === 'head');
  return { sha256: hashTensors(tensors), best: manifest.best, log };
}

interface Attempt {
  change?: object;
  /** Called at each beat of the heart: after each step, before its checkpoint. */
  beat?: (step: number, stop: AbortController) => void;
  source?: (source: FeatureSource, stop: AbortController) => FeatureSource;
}

/** A folder of features, in which runs can be tried. */
function place(t: TestContext): {
  attempt: (name: string, how?: Attempt) => Promise<void>;
  folder: (name: string) => string;
} {
  const root = temporaryFolder(t);
  writeAnnotations(root);
  writeFeatures(path.join(root, 'features'), '.npy', npy);
  const folder = (name: string) => path.join(root, name);
  const attempt = async (name: string, { change = {}, beat, source = (same) => same }: Attempt = {}) => {
    const config: Config = published(root, 'features', { ...quick, checkpoint: { everySteps: 1 }, ...change });
    const stop = new AbortController();
    const run = await openRun(folder(name), config, { stop: stop.signal });
    const ofHead = (stage: string, step: number) => stage === 'head' && beat?.(step, stop);
    const heartbeat = { beat: ofHead } as unknown as Run['heartbeat'];
    try {
      const start = startOnFeatures(run);
      await headStage(() => ({ ...start, source: source(start.source, stop) })).run({ ...run, heartbeat });
    } finally {
      run.close();
    }
  };
  return { attempt, folder };
}

const stopped = () => new Stopped('SIGTERM', 143);

test('interrupted after any step, with or without warning, it ends as if it never had been, to the bit', async (t) => {
  const { attempt, folder } = place(t);
  await attempt('alone', { change: { checkpoint: {} } });
  const expected = outcome(folder('alone'));
  assert.equal(expected.log.length, steps + 2);
  for (let last = 1; last <= steps; last++) {
    const cut = attempt(`cut ${last}`, {
      beat: (step) => {
        if (step === last) throw new Error('power cut');
      },
    });
    await assert.rejects(cut, /power cut/);
    assert.equal(new RunStore(folder(`cut ${last}`)).steps('head').at(-1), last === 1 ? undefined : last - 1);
    await attempt(`cut ${last}`);
    assert.deepEqual(outcome(folder(`cut ${last}`)), expected, `cut after step ${last}`);

    const ended = attempt(`stopped ${last}`, {
      // No checkpoint is due: only the signal makes one.
      change: { checkpoint: {} },
      beat: (step, stop) => {
        if (step === last) stop.abort(stopped());
      },
    });
    await assert.rejects(ended, Stopped);
    assert.equal(new RunStore(folder(`stopped ${last}`)).steps('head').at(-1), last);
    await attempt(`stopped ${last}`);
    assert.deepEqual(outcome(folder(`stopped ${last}`)), expected, `stopped after step ${last}`);
  }
});

test('stopped within a validation, it keeps the steps before, and validates again', async (t) => {
  const { attempt, folder } = place(t);
  await attempt('alone', { change: { checkpoint: {} } });
  let reads = 0;
  const halting = (source: FeatureSource, stop: AbortController): FeatureSource => ({
    ...source,
    get(id) {
      // The three videos of validation are read after each epoch; this is the second one after the second.
      if (/^-v[678]/.test(id) && ++reads === 3 + 2) stop.abort(stopped());
      return source.get(id);
    },
  });
  await assert.rejects(attempt('stopped', { change: { checkpoint: {} }, source: halting }), Stopped);
  const { manifest } = new RunStore(folder('stopped')).load('head', 'latest')!;
  assert.equal(manifest.step, 4);
  assert.equal(manifest.epoch, 2);
  assert.equal(manifest.best!.step, 2);
  await attempt('stopped');
  assert.deepEqual(outcome(folder('stopped')), outcome(folder('alone')));
});

test('a damaged newest checkpoint is named, the one before is gone on from, the log is cut to match', async (t) => {
  const { attempt, folder } = place(t);
  await attempt('alone', { change: { checkpoint: {} } });
  const cut = attempt('cut', {
    beat: (step) => {
      if (step === 4) throw new Error('power cut');
    },
  });
  await assert.rejects(cut, /power cut/);
  const newest = path.join(folder('cut'), 'store', 'head', '3.safetensors');
  truncateSync(newest, 1000);
  const stderr = captureStderr(t);
  await attempt('cut');
  assert.ok(stderr.includes(`damaged: ${newest}\n`));
  assert.deepEqual(outcome(folder('cut')), outcome(folder('alone')));
});

test('checkpoints stay as `checkpoint` says: the last, the best, the multiples', async (t) => {
  const { attempt, folder } = place(t);
  await attempt('run', { change: { checkpoint: { everySteps: 1, keepLast: 1, keepEvery: 3 } } });
  const store = new RunStore(folder('run'));
  const best = store.manifest('head')!.best!.step;
  assert.deepEqual(store.steps('head'), [...new Set([3, 4, best])].sort());
});

for (const told of [true, false]) {
  test(`a disk that is full for a while costs nothing: ${told ? 'known before' : 'found while writing'}`, async (t) => {
    const { attempt, folder } = place(t);
    await attempt('alone', { change: { checkpoint: {} } });
    let full = false;
    fillDisk(t, () => full, { told });
    const stderr = captureStderr(t);
    const kept: number[][] = [];
    await attempt('full', {
      change: { checkpoint: { everySteps: 1, keepLast: 10 } },
      beat(step) {
        kept.push(new RunStore(folder('full')).steps('head'));
        full = step === 1 || step === 4;
        // After step 4 comes the end of the stage, which has to wait for room.
        if (step === 4) setTimeout(() => (full = false), 500);
      },
    });
    assert.deepEqual(kept.slice(0, 3), [[], [], [2]]);
    assert.deepEqual(outcome(folder('full')), outcome(folder('alone')));
    const warnings = stderr.filter((line) => line.startsWith('WARNING: DISK FULL: checkpoint of head at step '));
    assert.match(warnings[0]!, /step 1: .*ENOSPC.*checkpoint\.keepLast/);
    assert.match(warnings[1]!, /step 4: /);
    assert.deepEqual(
      readdirSync(path.join(folder('full'), 'store', 'head')).filter((name) => name.endsWith('.tmp')),
      [],
    );
  });
}

test('stopped while the end of the stage waits for room, it ends it the next time', async (t) => {
  const { attempt, folder } = place(t);
  await attempt('alone', { change: { checkpoint: {} } });
  let full = false;
  fillDisk(t, () => full, { told: true });
  captureStderr(t);
  const ended = attempt('full', {
    change: { checkpoint: {} },
    beat(step, stop) {
      full = step === steps;
      if (full)
        setTimeout(() => {
          stop.abort(stopped());
        }, 1000);
    },
  });
  await assert.rejects(ended, Stopped);
  full = false;
  assert.equal(new RunStore(folder('full')).steps('head').at(-1), 2);
  await attempt('full');
  assert.deepEqual(outcome(folder('full')), outcome(folder('alone')));
});

/** A rate that ends in NaN within a few steps, and the factor that makes it a good one. */
const diverging = { head: { ...quick.head, lr: 1e28 }, checkpoint: {} };
const rollback = { onDivergence: 'rollback', rollbackFactor: 1e-30, maxRollbacks: 1 };

test('a training that diverges stops, and leaves what is needed to find out why', async (t) => {
  const { attempt, folder } = place(t);
  captureStderr(t);
  await assert.rejects(
    attempt('run', { change: diverging }),
    (error) =>
      error instanceof WorkError && /head: .* at step \d+ \(.*training\.onDivergence=rollback/.test(error.message),
  );
  const [file] = readdirSync(path.join(folder('run'), 'diverged')) as [string];
  const evidence = JSON.parse(readFileSync(path.join(folder('run'), 'diverged', file), 'utf8')) as Record<
    string,
    unknown
  >;
  assert.equal(file, `head-${String(evidence.step)}.json`);
  assert.equal((evidence.ids as string[]).length, 3);
  assert.deepEqual(evidence.random, {
    seed: 0,
    stage: 'head',
    epoch: Number(evidence.epoch) - 1,
    step: Number(evidence.step) - 1,
  });
  assert.ok('terms' in evidence && 'loss' in evidence && evidence.lr === 1e28);
  assert.deepEqual(new RunStore(folder('run')).steps('head'), []);
});

test('a training that diverges goes back, at a lower rate, and says so; interrupted, it remembers', async (t) => {
  const { attempt, folder } = place(t);
  const stderr = captureStderr(t);
  const change = { ...diverging, training: rollback };
  await attempt('alone', { change });
  const { log, ...expected } = outcome(folder('alone'));
  assert.ok(
    stderr.some((line) => line.includes('going on from step 0 at 1e-30 of the learning rate (rollback 1 of 1)')),
  );
  assert.match(log[0]!, /"step":0,"rollback":\{"number":1,"from":\d,"factor":1e-30\}/);
  assert.equal(log.length, 1 + steps + 2);
  assert.ok(log.filter((line) => line.includes('"loss"')).every((line) => /"lr":0\.00?1/.test(line)));
  for (const last of [1, 4]) {
    let rolled = false;
    const cut = attempt(`cut ${last}`, {
      change: { ...change, checkpoint: { everySteps: 3 } },
      beat(step) {
        rolled ||= existsSync(path.join(folder(`cut ${last}`), 'diverged'));
        if (rolled && step === last) throw new Error('power cut');
      },
    });
    await assert.rejects(cut, /power cut/);
    await attempt(`cut ${last}`, { change });
    assert.deepEqual(outcome(folder(`cut ${last}`)), { log, ...expected });
  }
});

test('a training that goes on diverging stops after so many rollbacks', async (t) => {
  const { attempt } = place(t);
  captureStderr(t);
  const training = { ...rollback, rollbackFactor: 0.5, maxRollbacks: 2 };
  await assert.rejects(
    attempt('run', { change: { ...diverging, training } }),
    /Rolled back 2 times already \(training\.maxRollbacks\)/,
  );
});
