import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Stopped } from '../../src/system/errors.js';
import { breathe, listenToSignals, unlessStopped } from '../../src/system/signals.js';

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} asks to stop, and says how; closed, it is left to others`, async (t) => {
    const lines: string[] = [];
    t.mock.method(process.stderr, 'write', (line: string) => lines.push(line));
    const others = process.listenerCount(signal);
    const { stop, close } = listenToSignals();
    await breathe(stop);
    process.kill(process.pid, signal);
    await assert.rejects(
      async () => {
        for (;;) await breathe(stop);
      },
      (error) => error instanceof Stopped && error.exitCode === code && error.message.includes(signal),
    );
    assert.equal(lines.length, 1);
    assert.match(lines[0]!, new RegExp(`^${signal}: stopping once the step is done`));
    close();
    assert.equal(process.listenerCount(signal), others);
  });
}

test('the second signal ends the process at once', async () => {
  const module = path.resolve(import.meta.dirname, '../../src/system/signals.ts');
  const script = `import { listenToSignals } from ${JSON.stringify(module)};
    listenToSignals(); console.log('ready'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  await once(child.stderr, 'data');
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [143, null]);
});

test('what has nothing to save is left at once; what ends before is not touched', async () => {
  const controller = new AbortController();
  assert.equal(await unlessStopped(controller.signal, Promise.resolve(3)), 3);
  await assert.rejects(unlessStopped(controller.signal, Promise.reject(new Error('own'))), /^Error: own$/);
  const endless = unlessStopped(controller.signal, sleep(60_000, undefined, { ref: false }));
  const late = unlessStopped(
    controller.signal,
    sleep(1).then(() => Promise.reject(new Error('nobody hears it'))),
  );
  controller.abort(new Error('enough'));
  await assert.rejects(endless, /^Error: enough$/);
  await assert.rejects(late, /^Error: enough$/);
  await sleep(5);
  await assert.rejects(unlessStopped(controller.signal, Promise.resolve(3)), /^Error: enough$/);
});
