import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../../src/system/errors.js';
import { lineOf, linesOf } from '../../src/system/printable.js';
import { say } from '../../src/system/say.js';
import { captureStderr } from '../support/checkpoints.js';

const hostile = 'a\nlofi: all is well\r\u001b[2J\u0007\u009b1m\u202eb\u2028c\u2066';
const safe = 'a?lofi: all is well??[2J??1m?b?c?';

test('a name with escapes and line ends can neither move the cursor nor begin a line', (t) => {
  const written = captureStderr(t);
  say(`warning: ${hostile}`);
  assert.deepEqual(written, [`warning: ${safe}\n`]);
  assert.equal(new UsageError(`${hostile}: not found`).message, `${safe}: not found`);
});

test('text of a table keeps its lines, and names keep joiners and all scripts', () => {
  assert.equal(linesOf('a\u001b\nb\n'), 'a?\nb\n');
  for (const name of ['日本 ünï', '👩\u200d👩\u200d👧', 'a\u00adb']) assert.equal(lineOf(name), name);
});
