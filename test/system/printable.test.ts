import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printable } from '../../src/system/printable.js';

test('a text of a file stays one line, whatever it holds', () => {
  assert.equal(printable('layer1.0.conv1.weight'), 'layer1.0.conv1.weight');
  assert.equal(printable('a\nb\r\u001b[31m\0\u2028\u202e\ud800é'), 'a?b??[31m????é');
  assert.equal(printable('x'.repeat(80)), 'x'.repeat(80));
  assert.equal(printable('x'.repeat(81)), `${'x'.repeat(80)}…`);
  assert.equal(printable('abc', 2), 'ab…');
});
