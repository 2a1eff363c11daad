import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { writeFileAtomic } from '../../../src/system/files/files.js';
import { fillDisk } from '../../support/full-disk.js';
import { temporaryFolder } from '../../support/temporary.js';

test('a name as long as the file system takes can be written, and written again', (t) => {
  const folder = temporaryFolder(t);
  for (const name of [`${'n'.repeat(250)}.json`, '日'.repeat(85)]) {
    for (const content of ['one', 'two']) writeFileAtomic(path.join(folder, name), content);
    assert.equal(readFileSync(path.join(folder, name), 'utf8'), 'two');
  }
  assert.equal(readdirSync(folder).length, 2);
});

test('a full disk is reported with the name of the file, and leaves nothing', (t) => {
  const folder = temporaryFolder(t);
  const file = path.join(folder, 'result.json');
  fillDisk(t, () => true);
  assert.throws(
    () => {
      writeFileAtomic(file, 'some content');
    },
    (error: NodeJS.ErrnoException) => error.code === 'ENOSPC' && error.message.endsWith(`, write: ${file}`),
  );
  assert.deepEqual(readdirSync(folder), []);
});
