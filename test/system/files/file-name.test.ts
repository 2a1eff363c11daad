import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileNameOf } from '../../../src/system/files/file-name.js';

test('an ordinary id is its own name', () => {
  for (const id of ['v_abc', 'my video (2)', '..', '.hidden', 'Ünï — 日本', 'x'.repeat(240), 'a~b'])
    assert.equal(fileNameOf(id), id);
});

test('other ids are shown and hashed: no two get one name, and every name fits', () => {
  const hashed = fileNameOf('a/b');
  assert.match(hashed, /^a_b~[0-9a-f]{16}$/);
  const ids = [
    'a/b',
    'a_b',
    'a\\b',
    'a\0b',
    'a\nb',
    hashed,
    '',
    '\ud800',
    '\ud801',
    '日'.repeat(100),
    '日'.repeat(101),
  ];
  const names = [...ids, 'x'.repeat(244), 'x'.repeat(5000)].map(fileNameOf);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) {
    assert.ok(Buffer.byteLength(`${name}.html`) <= 255, name);
    assert.ok(!/[/\\\p{Cc}\p{Cs}]/u.test(name), name);
  }
});
