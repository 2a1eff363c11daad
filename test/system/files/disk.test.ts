import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDiskFull, requireSpace } from '../../../src/system/files/disk.js';
import { fillDisk } from '../../support/full-disk.js';
import { temporaryFolder } from '../../support/temporary.js';

test('a full disk, a quota and a limit on files are known by their codes, also as a cause', () => {
  for (const code of ['ENOSPC', 'EDQUOT', 'EFBIG']) {
    const error = Object.assign(new Error(code), { code });
    assert.ok(isDiskFull(error));
    assert.ok(isDiskFull(new Error('not written', { cause: error })));
  }
  assert.ok(!isDiskFull(Object.assign(new Error('no'), { code: 'EACCES' })));
  assert.ok(!isDiskFull(new Error('ENOSPC')));
  assert.ok(!isDiskFull('ENOSPC'));
});

test('room is asked for, and some is left to others', (t) => {
  const folder = temporaryFolder(t);
  requireSpace(folder, 1000);
  assert.throws(() => {
    requireSpace(folder, 2 ** 60);
  }, isDiskFull);
  fillDisk(t, () => true, { told: true });
  assert.throws(
    () => {
      requireSpace(folder, 0);
    },
    { code: 'ENOSPC', message: /^ENOSPC: 0\.0 MiB are free in .*, but \d+\.\d are needed$/ },
  );
});
