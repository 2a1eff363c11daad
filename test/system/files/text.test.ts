import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomStream } from '../../../src/engine/random.js';
import { UsageError } from '../../../src/system/errors.js';
import { decodeText } from '../../../src/system/files/text.js';

const utf16be = (text: string) => Buffer.from(`\uFEFF${text}`, 'utf16le').swap16();

test('UTF-8 with and without its mark, UTF-16 with its mark, in either order', () => {
  const text = 'Aufschläge\r\n日本\n';
  for (const bytes of [text, `\uFEFF${text}`].map((one) => Buffer.from(one)))
    assert.equal(decodeText(bytes, 'f'), text);
  assert.equal(decodeText(Buffer.from(`\uFEFF${text}`, 'utf16le'), 'f'), text);
  assert.equal(decodeText(utf16be(text), 'f'), text);
  assert.equal(decodeText(new Uint8Array(), 'f'), '');
});

test('any other encoding is refused with its line, and what to do', () => {
  const refused = (bytes: Uint8Array, message: string) => {
    assert.throws(() => decodeText(bytes, 'a.csv'), { name: 'UsageError', message });
  };
  refused(
    Buffer.from('label\r\nok\r\nAufschl\xe4ge,1\r\nAufschl\xfcge\r\n', 'latin1'),
    'a.csv:3: not in UTF-8: "Aufschl\uFFFDge,1": save the file as UTF-8',
  );
  refused(
    Buffer.from(`${'x'.repeat(200)}Aufschl\xe4ge`, 'latin1'),
    `a.csv:1: not in UTF-8: "${'x'.repeat(33)}Aufschl\uFFFDge": save the file as UTF-8`,
  );
  // The last line, without a line feed; and a letter that is cut off.
  refused(Buffer.from('a\nb\xe4', 'latin1'), 'a.csv:2: not in UTF-8: "b\uFFFD": save the file as UTF-8');
  refused(Buffer.from('ä').subarray(0, 1), 'a.csv:1: not in UTF-8: "\uFFFD": save the file as UTF-8');
  // UTF-16 without its mark, and with half a letter.
  refused(Buffer.from('a\nb', 'utf16le'), 'a.csv:1: a zero byte, which no text has: save the file as UTF-8');
  const half = Buffer.concat([Buffer.from('\uFEFFa\nb', 'utf16le'), Buffer.from([65])]);
  refused(half, 'a.csv:2: not in UTF-16LE: "b": save the file as UTF-8');
});

test('random bytes are read as they are, or refused in a line', () => {
  for (let i = 0; i < 500; i++) {
    const random = randomStream(1, 'text', i);
    const bytes = Uint8Array.from({ length: random.below(40) }, () => random.below(random.pick([64, 128, 256])));
    try {
      assert.deepEqual(Buffer.from(decodeText(bytes, 'f')), Buffer.from(bytes));
    } catch (error) {
      assert.ok(error instanceof UsageError, String(error));
      assert.match(error.message, /^f:\d+: .*: save the file as UTF-8$/u);
    }
  }
});
