import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { startEngine } from '../../src/engine/backend.js';

const { name } = await startEngine();

test(
  'signals that come while matrices are multiplied do no harm, and are heard',
  { skip: name !== 'tensorflow' && 'needs native TensorFlow' },
  async () => {
    // It runs in a process of its own, because a failure ends the process.
    const program = new URL('../support/multiply.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, ['--import', 'tsx', program], { stdio: ['pipe', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    const exit = once(child, 'exit');
    await once(child.stdout, 'data');
    const until = Date.now() + 5000;
    while (Date.now() < until) {
      child.kill('SIGUSR2');
      await setImmediate();
    }
    // While it exits it no longer listens.
    child.stdin.end();
    assert.deepEqual(await exit, [0, null]);
    const heard = Number(/heard (\d+)/.exec(output)?.[1]);
    assert.ok(heard > 10, `${heard} signals heard`);
  },
);
