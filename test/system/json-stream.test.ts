import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { UsageError } from '../../src/system/errors.js';
import { streamJson, type JsonStream } from '../../src/system/json-stream.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'lofi-json-'));
after(() => {
  rmSync(folder, { recursive: true, force: true });
});
const file = path.join(folder, 'file.json');
const WINDOW = 1 << 20;

describe('streamJson', () => {
  it('reads numbers to the bit as JSON.parse does', () => {
    const texts = [
      '0',
      '-0',
      '-0.0',
      '1e22',
      '1E+23',
      '12e-1',
      '9007199254740993',
      '0.1e-400',
      '1e400',
      '5e-324',
      '0e999',
    ];
    let seed = 1;
    const digit = () => (seed = (seed * 48271) % 0x7fffffff) % 10;
    for (let i = 0; i < 5000; i++) {
      const fraction = Array.from({ length: 1 + (i % 19) }, digit).join('');
      texts.push(`${digit()}.${fraction}`, `-${1 + digit() / 2}e${digit() - digit()}${digit()}`);
    }
    const values = read(`[${texts.join(',')}]`) as number[];
    const expected = JSON.parse(`[${texts.join(',')}]`) as number[];
    assert.equal(values.length, expected.length);
    values.forEach((value, i) => {
      assert.ok(Object.is(value, expected[i]), `${texts[i]}: ${value}, expected ${expected[i]}`);
    });
  });

  it('reads texts as JSON.parse does, and the words that only Python writes', () => {
    const document = String.raw`{"a": ["", "NaN", "é\u00e9 \"\\\n\ud83d\ude00", {"__proto__": "b\\"}], "a\tb": []}`;
    assert.deepEqual(read(document), JSON.parse(document));
    assert.deepEqual(read('\ufeff [NaN, null,Infinity\r\n,-Infinity]\t'), [NaN, NaN, Infinity, -Infinity]);
  });

  it('reads what lies across the ends of its window, and a text longer than it', () => {
    for (const before of [WINDOW - 12, WINDOW - 7, WINDOW - 3, WINDOW - 1, WINDOW]) {
      const document = `["${'x'.repeat(before - 3)}","é\\"",-12.5e-1,null,"plain"]`;
      assert.deepEqual(read(document), ['x'.repeat(before - 3), 'é"', -1.25, NaN, 'plain']);
    }
    const long = '€'.repeat(WINDOW);
    assert.deepEqual(read(JSON.stringify([long, 1])), [long, 1]);
  });

  for (const [text, message] of [
    ['', /:1: thing is not JSON: it ends too early/],
    ['[1,\n2', /:2: .*too early/],
    ['["a\nb"]', /:1: .*at "\?b/],
    ['["a', /:1: .*too early/],
    ['{"a" 1}', /at "1}"/],
    ['{"a": 1,}', /at "}"/],
    ['{a: 1}', /at "a: 1}"/],
    ['[1 2]', /at "2]"/],
    ['[01]', /at "01]"/],
    ['[1.]', /at "1.]"/],
    ['[-]', /at "-]"/],
    ['[1e]', /at "1e]"/],
    ['["\\x"]', /at/],
    ['[nul]', /at "nul]"/],
    ['[]\n[]', /:2: .*at "\[\]"/],
    ['[1}', /at "}"/],
    ['\0', /at "\?"/],
    ['['.repeat(2000), /nested too deeply/],
  ] as const) {
    it(`says where ${JSON.stringify(text.slice(0, 20))} is no JSON`, () => {
      assert.throws(() => read(text), says(message));
      // skip() finds the same error.
      assert.throws(() => {
        streamText(text, (json) => {
          json.skip();
        });
      }, says(message));
    });
  }

  it('gives errors about a line that has gone by', () => {
    assert.throws(
      () =>
        streamText('[\n1,\n\n2]', (json) => {
          const { line } = json;
          json.skip();
          throw json.error('all wrong', line);
        }),
      says(/file\.json:1: all wrong/),
    );
  });

  it('says which file is missing, and that a folder is none', () => {
    assert.throws(
      () => streamJson('no/such.json', 'thing', () => 0),
      says(/^thing not readable: no\/such\.json \(ENOENT\)$/),
    );
    assert.throws(
      () => streamJson(folder, 'thing', () => 0),
      says(/^not a file: .* is a folder; thing must be in a regular file$/),
    );
  });

  it('text in another encoding is refused: labels that differ in an umlaut would become one', () => {
    writeFileSync(file, Buffer.from('{"a": 1,\n"Aufschl\xe4ge": 2}', 'latin1'));
    assert.throws(
      () => streamJson(file, 'thing', value),
      says(/:2: thing is not in UTF-8: "Aufschl\uFFFDge": save it as UTF-8$/),
    );
  });
});

function streamText<T>(text: string, reader: (json: JsonStream) => T): T {
  writeFileSync(file, text);
  return streamJson(file, 'thing', reader);
}

/** The document in a text, put together again from what the stream reads. */
function read(text: string): unknown {
  return streamText(text, value);
}

function value(json: JsonStream): unknown {
  const object: [string, unknown][] = [];
  if (json.object((key) => object.push([key, value(json)]))) return Object.fromEntries(object);
  const array: unknown[] = [];
  if (json.array(() => array.push(value(json)))) return array;
  const scalar = json.text() ?? json.number();
  if (scalar === undefined) json.skip();
  return scalar;
}

function says(message: RegExp) {
  return (error: unknown) =>
    error instanceof UsageError && message.test(error.message) && !error.message.includes('\n');
}
