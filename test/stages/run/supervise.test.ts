import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { acquireRunLock } from '../../../src/checkpoints/run-lock.js';
import { configSchema, type Config } from '../../../src/config/schema.js';
import { saveDataset, toDataset } from '../../../src/data/dataset.js';
import { Heartbeat, type Beat } from '../../../src/stages/run/heartbeat.js';
import type { CommandOutcome } from '../../../src/stages/run/notify.js';
import { goOn } from '../../../src/stages/run/policy.js';
import { type Run } from '../../../src/stages/run/run.js';
import { superviseRun } from '../../../src/stages/run/supervise.js';
import { Stopped, UsageError } from '../../../src/system/errors.js';
import { breathe } from '../../../src/system/signals.js';
import { captureStderr } from '../../support/checkpoints.js';
import { script, temporaryFolder } from '../../support/temporary.js';

interface Place {
  run: string;
  config: Config;
  /** The command's arguments, one by one. */
  told: () => string[];
}

/** A run folder whose `notify.command` writes its arguments into a file. */
function place(t: TestContext, body = 'for argument; do printf "%s\\\\0" "$argument"; done > "$1"'): Place {
  const folder = temporaryFolder(t);
  const dataset = path.join(folder, 'set.json');
  saveDataset(dataset, toDataset([]));
  const file = path.join(folder, 'told');
  const program = script(folder, 'tell', body);
  const command = [program, file, '; touch $HOME *', ''];
  const config = configSchema.parse({ data: { dataset }, notify: { command } });
  return {
    run: path.join(folder, 'run'),
    config,
    told: () => readFileSync(file, 'utf8').split('\0').slice(1, -1),
  };
}

const outcome = (told: string[]) => JSON.parse(told.at(-1)!) as CommandOutcome;
const beat = (run: string) => JSON.parse(readFileSync(path.join(run, 'heartbeat.json'), 'utf8')) as Beat;

test('done: the command gets its arguments as they are, and the outcome last; the folder is free again', async (t) => {
  const { run, config, told } = place(t);
  const result = await superviseRun(run, config, goOn, ({ heartbeat }: Run) => {
    heartbeat.beat('joint', 3, 10);
    return Promise.resolve('result');
  });
  assert.equal(result, 'result');
  assert.deepEqual(told().slice(0, 2), ['; touch $HOME *', '']);
  const { time, ...rest } = outcome(told());
  assert.deepEqual(rest, { run, outcome: 'done', message: null, stage: 'joint', step: 3, steps: 10 });
  assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000);
  assert.equal(beat(run).state, 'done');
  acquireRunLock(run).release();
});

test('failed: the command is told why, and the error is thrown on', async (t) => {
  const { run, config, told } = place(t);
  await assert.rejects(
    superviseRun(run, config, goOn, () => Promise.reject(new UsageError('no such thing'))),
    /no such thing/,
  );
  const { outcome: how, message, stage } = outcome(told());
  assert.deepEqual([how, message, stage], ['failed', 'no such thing', null]);
  assert.ok(!existsSync(path.join(run, 'heartbeat.json')));
  const held = acquireRunLock(run);
  await assert.rejects(
    superviseRun(run, config, goOn, () => assert.fail()),
    /in use by process/,
  );
  assert.match(outcome(told()).message!, /in use by process/);
  held.release();
});

for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal}: the work is asked to stop, and its outcome is told`, async (t) => {
    captureStderr(t);
    const { run, config, told } = place(t);
    const supervised = superviseRun(run, config, goOn, async ({ stop, heartbeat }) => {
      heartbeat.beat('head', 1, 2);
      process.kill(process.pid, signal);
      for (;;) await breathe(stop);
    });
    await assert.rejects(supervised, (error) => error instanceof Stopped && error.exitCode === exitCode);
    assert.equal(outcome(told()).outcome, 'stopped');
    const { state, stage, message } = beat(run);
    assert.deepEqual([state, stage], ['stopped', 'head']);
    assert.match(message!, new RegExp(signal));
    assert.equal(process.listenerCount(signal), 0);
  });
}

test('a command that fails or is not there is a warning', async (t) => {
  const stderr = captureStderr(t);
  const { run, config } = place(t, 'exit 3');
  const work = () => Promise.resolve(1);
  assert.equal(await superviseRun(run, config, goOn, work), 1);
  const missing = { ...config, notify: { command: ['/no/such program'] } };
  assert.equal(await superviseRun(run, missing, goOn, work), 1);
  const warnings = stderr.filter((line) => line.startsWith('warning: notify.command: '));
  assert.equal(warnings.length, 2);
  assert.match(warnings[0]!, /tell: exit code 3/);
  assert.match(warnings[1]!, /no\/such program.*ENOENT/);
});

test('the heart beats every ten seconds at most, with the time that is left', (t) => {
  const folder = temporaryFolder(t);
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const heart = new Heartbeat(folder);
  heart.beat('joint', 100, 200);
  assert.deepEqual([beat(folder).step, beat(folder).etaSeconds], [100, null]);
  now = 9_000;
  heart.beat('joint', 102, 200);
  assert.equal(beat(folder).step, 100);
  now = 10_000;
  heart.beat('joint', 105, 200);
  const { state, pid, stage, step, steps, etaSeconds } = beat(folder);
  assert.deepEqual([state, pid, stage, step, steps, etaSeconds], ['running', process.pid, 'joint', 105, 200, 190]);
  now = 11_000;
  heart.beat('head', 1, 10);
  heart.end('done');
  assert.deepEqual([beat(folder).stage, beat(folder).state, beat(folder).etaSeconds], ['head', 'done', null]);
});

test('a heart that cannot be written stops nothing', (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(path.join(folder, 'file'), '');
  new Heartbeat(path.join(folder, 'file')).beat('joint', 1, 2);
});
