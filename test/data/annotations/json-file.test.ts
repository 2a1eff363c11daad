import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { JsonFile } from '../../../src/data/annotations/json-file.js';
import { UsageError } from '../../../src/system/errors.js';
import { temporaryFolder } from '../../support/temporary.js';

const folder = temporaryFolder();
const file = path.join(folder, 'x.json');

function read(text: string): JsonFile {
  writeFileSync(file, text);
  return new JsonFile(file, 'thing');
}

function refused(work: () => unknown, message: string): void {
  assert.throws(work, (error) => {
    assert.ok(error instanceof UsageError);
    assert.equal(error.message, message);
    return true;
  });
}

const schema = z.object({ list: z.array(z.object({ n: z.number() })) });

test('a key twice in an object is refused with the line of the second, wherever it stands', () => {
  const json = read('{"a": [{"b": 1,\n"c": {"b": 2},\n"b": 3}, {"b": 4}], "b": 5}');
  refused(() => {
    json.refuseRepeatedKeys();
  }, `${file}:3: a[0].b is there twice: keep one`);
  json.refuseRepeatedKeys(({ length }) => length === 3);
  read('[{"b": 1}, {"b": {"b": [{"b": 1}]}}]').refuseRepeatedKeys();
});

test('errors name the line of the value, pretty or minified', () => {
  const content = { name: 'a\nb', list: [{ n: 1 }, { n: 'two' }, {}] };
  const field = 'list[1].n: Invalid input: expected number, received string (and 1 more)';
  const pretty = read(JSON.stringify(content, null, 2));
  refused(() => pretty.parse(schema), `${file}:8: ${field}`);
  const minified = read(JSON.stringify(content));
  refused(() => minified.parse(schema), `${file}:1: ${field}`);
});

test('of a value that is not there, the line of what should hold it', () => {
  const json = read('{\n"list":\n[\n{"n": 1},\n{\n"m": 1}]}');
  refused(() => json.parse(schema), `${file}:5: list[1].n: Invalid input: expected number, received undefined`);
  assert.equal(json.lineOf(['nothing']), 1);
});

test('of a repeated key the last one counts, as for JSON.parse', () => {
  const json = read('{"a": {"b": 1},\n"a": {"c": 2,\n"c": 3},\n"d": 4}');
  assert.deepEqual(json.content, { a: { c: 3 }, d: 4 });
  assert.equal(json.lineOf(['a', 'c']), 3);
  assert.equal(json.lineOf(['a', 'b']), 2);
  assert.deepEqual(json.repeatedKeys([]), new Set(['a']));
  assert.deepEqual(json.repeatedKeys(['a']), new Set(['c']));
});

test('what is no JSON is shown with its line', () => {
  refused(() => read('{"a": 1,\n\n "b": NaN\n}'), `${file}:3: thing is not JSON: at "NaN?}"`);
  refused(() => read('{"a": [1,\n'), `${file}:2: thing is not JSON: it ends too early`);
  refused(() => read(''), `${file}:1: thing is not JSON: it ends too early`);
  refused(() => new JsonFile(path.join(folder, 'none'), 'thing'), `thing not readable: ${folder}/none (ENOENT)`);
});

test('a byte order mark is no part of the JSON', () => {
  assert.deepEqual(read('\uFEFF[1]').content, [1]);
});

test('entries of an object, also those with names of JavaScript', () => {
  const json = read('{"__proto__": 1, "constructor": 2}');
  assert.deepEqual(
    [...json.entries()],
    [
      ['__proto__', 1],
      ['constructor', 2],
    ],
  );
  for (const text of ['[]', 'null', '"a"', '7']) {
    const other = read(text);
    refused(() => other.entries(), `${file}:1: expected an object`);
  }
});

test('a name from the file does not break the line', () => {
  const json = read('{"a\\nb\\u001b[2J": {}}');
  const error = json.error(['a\nb\u001b[2J'], 'is wrong\nhere');
  assert.equal(error.message, `${file}:1: a?b?[2J: is wrong?here`);
});

test('5 MB: the line of the last value, in a moment', () => {
  const entries = Array.from({ length: 50_000 }, (_, i) => [
    `v_${i}`,
    { segments: [{ at: [i, i + 0.25], label: 'run' }] },
  ]);
  const content = Object.fromEntries([...entries, ['last', { segments: 'x' }]]) as object;
  const [minified, pretty] = [JSON.stringify(content), JSON.stringify(content, null, 1)];
  assert.ok(pretty.length > 4e6);
  const lines = pretty.split('\n').length;
  const began = performance.now();
  assert.equal(read(minified).lineOf(['last', 'segments']), 1);
  assert.equal(read(pretty).lineOf(['last', 'segments']), lines - 2);
  refused(() => read(`${pretty.slice(0, -1)},}`), `${file}:${lines}: thing is not JSON: at "}"`);
  assert.ok(performance.now() - began < 5000);
});
