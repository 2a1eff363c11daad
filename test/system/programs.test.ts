import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { findProgram, runProgram } from '../../src/system/programs.js';
import { script, temporaryFolder } from '../support/temporary.js';

test('a program is found on PATH only where it can be run', (t) => {
  const [first, second] = [temporaryFolder(t), temporaryFolder(t)];
  writeFileSync(path.join(first, 'tool'), 'not executable');
  const file = script(second, 'tool', 'true');
  assert.equal(findProgram('tool', { PATH: [first, '', second].join(path.delimiter) }), file);
  assert.equal(findProgram('tool', { PATH: first }), undefined);
  assert.equal(findProgram('tool', {}), undefined);
});

test('exit code and both outputs come back, arguments go untouched by a shell', async (t) => {
  const file = script(temporaryFolder(t), 'echo all', 'printf "%s|" "$@"; echo trouble >&2; exit 3');
  const ended = await runProgram(file, ['$HOME; rm *', '-rf', 'a b']);
  assert.deepEqual(ended, { code: 3, stdout: '$HOME; rm *|-rf|a b|', stderr: 'trouble\n', timedOut: false });
});

test('the time limit ends a program with all that it started', async (t) => {
  // The pipe stays open until the inner sleep is dead too; the promise would not settle before.
  const file = script(temporaryFolder(t), 'slow', 'sleep 60 & sleep 60');
  const started = Date.now();
  const ended = await runProgram(file, [], { seconds: 0.3 });
  assert.equal(ended.timedOut, true);
  assert.equal(ended.code, null);
  assert.ok(Date.now() - started < 10_000);
});

test('a program that cannot be started rejects', async (t) => {
  await assert.rejects(runProgram(path.join(temporaryFolder(t), 'absent'), []), { code: 'ENOENT' });
});
