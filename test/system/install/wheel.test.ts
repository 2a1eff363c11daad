import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { WorkError } from '../../../src/system/errors.js';
import { findPip, folderBytes, installWheels } from '../../../src/system/install/wheel.js';
import { makeWheel, offlinePip } from '../../support/fake-wheel.js';
import { script, temporaryFolder } from '../../support/temporary.js';

const saying =
  (...parts: RegExp[]) =>
  (error: unknown) => {
    assert.ok(error instanceof WorkError);
    assert.equal(error.message.split('\n').length, 1);
    for (const part of parts) assert.match(error.message, part);
    return true;
  };

test('wheels are unpacked into one folder, only what is asked for, programs executable', async (t) => {
  const [index, into] = [temporaryFolder(t), temporaryFolder(t)];
  const wheels = [
    await makeWheel(index, 'demo-one', { 'one/lib/a.so': 'A', 'one/bin/tool': 'T', 'one/python/x.py': 'X' }),
    await makeWheel(index, 'demo-two', { 'two/lib/b.so': 'B' }),
  ];
  await installWheels(into, wheels, ['one/lib/', 'one/bin/', 'two/'], offlinePip(index));
  assert.deepEqual(readdirSync(into).sort(), ['one', 'two']);
  assert.deepEqual(readdirSync(path.join(into, 'one')).sort(), ['bin', 'lib']);
  assert.equal(readFileSync(path.join(into, 'two/lib/b.so'), 'utf8'), 'B');
  assert.equal(statSync(path.join(into, 'one/bin/tool')).mode & 0o111, 0o111);
  assert.equal(statSync(path.join(into, 'one/lib/a.so')).mode & 0o111, 0);
});

test('a file that is not the pinned one is refused by pip', async (t) => {
  const [index, into] = [temporaryFolder(t), temporaryFolder(t)];
  const wheel = { ...(await makeWheel(index, 'demo-one', { 'one/a': 'A' })), sha256: '0'.repeat(64) };
  await assert.rejects(
    installWheels(into, [wheel], ['one/'], offlinePip(index)),
    saying(/demo-one 1\.0/, /not the pinned one/, /run lofi setup again/),
  );
  assert.equal(existsSync(path.join(into, 'one')), false);
});

test('a file that is not the pinned one is refused even when pip lets it through', async (t) => {
  const [tools, into] = [temporaryFolder(t), temporaryFolder(t)];
  script(
    tools,
    'python3',
    `case "$*" in *--version) exit 0;; esac
     while [ $# -gt 0 ]; do
       [ "$1" = --dest ] && mkdir -p "$2" && echo forged > "$2/demo-1.0-py3-none-any.whl"
       shift
     done`,
  );
  const wheel = { project: 'demo', version: '1.0', platform: 'any', sha256: '0'.repeat(64) };
  const env = { PATH: [tools, '/usr/bin', '/bin'].join(path.delimiter) };
  await assert.rejects(installWheels(into, [wheel], [''], env), saying(/not the pinned one/));
});

test('an index that is out of reach is an error that says so', async (t) => {
  const [index, into] = [temporaryFolder(t), temporaryFolder(t)];
  const wheel = { project: 'demo-absent', version: '1.0', platform: 'any', sha256: '0'.repeat(64) };
  await assert.rejects(
    installWheels(into, [wheel], [''], offlinePip(index)),
    saying(/demo-absent 1\.0 could not be downloaded/, /No matching distribution/, /Check the network/),
  );
});

test('missing python3 and missing pip are told apart', async (t) => {
  const [none, withoutPip] = [temporaryFolder(t), temporaryFolder(t)];
  await assert.rejects(findPip({ PATH: none }), saying(/^python3 is missing/, /Install/));
  const python = script(withoutPip, 'python3', 'exit 1');
  await assert.rejects(findPip({ PATH: withoutPip }), saying(/^pip is missing/, /Install/));
  const pip = script(withoutPip, 'pip3', 'exit 0');
  assert.deepEqual(await findPip({ PATH: withoutPip }), { python, pip: [pip] });
});

test('what lies below a folder is counted at any depth; a folder that is gone counts nothing', (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(path.join(folder, 'a', 'b'), { recursive: true });
  writeFileSync(path.join(folder, 'one'), 'x'.repeat(3));
  writeFileSync(path.join(folder, 'a', 'b', 'two'), 'x'.repeat(40));
  symlinkSync(path.join(folder, 'nowhere'), path.join(folder, 'a', 'broken'));
  assert.equal(folderBytes(folder), 43);
  assert.equal(folderBytes(path.join(folder, 'gone')), 0);
});
