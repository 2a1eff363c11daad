import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readRegularFile } from '../../../src/system/files/regular-file.js';
import { temporaryFolder } from '../../support/temporary.js';

const folder = temporaryFolder();
const place = (name: string) => path.join(folder, name);

test('a file, by its own name or by a link, up to a limit', () => {
  writeFileSync(place('file'), 'content');
  symlinkSync('file', place('link'));
  assert.equal(readRegularFile(place('link'), 'thing', 7).toString(), 'content');
  assert.throws(() => readRegularFile(place('file'), 'thing', 6), {
    name: 'UsageError',
    message: `thing too large: ${place('file')} has 7 bytes (at most 6 are allowed)`,
  });
  assert.throws(
    () => readRegularFile(place('none'), 'thing', 6),
    /^UsageError: thing not readable: .*none \(ENOENT\)$/,
  );
});

test('a pipe, a device and a folder are refused at once', { skip: process.platform === 'win32' }, () => {
  execFileSync('mkfifo', [place('pipe')]);
  symlinkSync('pipe', place('link-to-pipe'));
  const refused = (file: string, kind: string) => {
    assert.throws(() => readRegularFile(file, 'thing', 2 ** 20), {
      name: 'UsageError',
      message: `not a file: ${file} is ${kind}; thing must be in a regular file`,
    });
  };
  refused(place('pipe'), 'a pipe');
  refused(place('link-to-pipe'), 'a pipe');
  refused(folder, 'a folder');
  for (const device of ['/dev/zero', '/dev/null']) if (existsSync(device)) refused(device, 'a device');
});
