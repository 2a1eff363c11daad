import assert from 'node:assert/strict';
import { test } from 'node:test';
import { walkJson } from '../../../src/data/annotations/json-walk.js';
import { randomStream } from '../../../src/engine/random.js';

function visits(text: string): [string, string][] {
  const seen: [string, string][] = [];
  assert.equal(
    walkJson(text, (path, at) => seen.push([path.join('/'), text.slice(at, at + 3)])),
    undefined,
  );
  return seen;
}

test('every value, with its path and place', () => {
  assert.deepEqual(visits(' { "a" : [ 10, {"b\\u0020c":null} , []], "" : {} ,"d":"x\\"]" } '), [
    ['', '{ "'],
    ['a', '[ 1'],
    ['a/0', '10,'],
    ['a/1', '{"b'],
    ['a/1/b c', 'nul'],
    ['a/2', '[]]'],
    ['', '{} '],
    ['d', '"x\\'],
  ]);
  assert.deepEqual(visits('-0.5e+3'), [['', '-0.']]);
});

test('the first character that is no JSON', () => {
  const wrong: [string, number][] = [
    ['', 0],
    ['{"a":1', 6],
    ['{"a" 1}', 5],
    ['{"a":01}', 6],
    ['[1,]', 3],
    ['{"a":1,}', 7],
    ['[1 2]', 3],
    ['{} x', 3],
    ['[NaN]', 1],
    ['["a\nb"]', 1],
    ['["a\\x"]', 1],
    ['["a\\"]', 1],
    ['{a:1}', 1],
    ['[1}', 2],
  ];
  for (const [text, at] of wrong)
    assert.equal(
      walkJson(text, () => undefined),
      at,
      text,
    );
});

test('it finds an error exactly where JSON.parse throws (5000 seeded mutations)', () => {
  const text = '{"v_1": {"a": [1.5, -2e3, true, null], "b\\n": "x \\" \\u00e9", "c": {}, "d": [[], [{}]]}}';
  const random = randomStream(1, 'json-walk');
  const letters = Array.from('{}[]",:\\ 0123eE+-.tfn\n\u0001u');
  let refused = 0;
  for (let i = 0; i < 5000; i++) {
    const characters = Array.from(text);
    for (let n = 1 + random.below(2); n > 0; n--) {
      const at = random.below(characters.length);
      characters.splice(at, random.below(2), ...(random.uniform() < 0.5 ? [random.pick(letters)] : []));
    }
    const mutated = characters.join('');
    let valid = true;
    try {
      JSON.parse(mutated);
    } catch {
      valid = false;
      refused++;
    }
    assert.equal(walkJson(mutated, () => undefined) === undefined, valid, mutated);
  }
  assert.ok(refused > 1000 && refused < 4900, `${refused} of 5000 mutations were no JSON`);
});

test('nesting costs no stack', () => {
  const depth = 200_000;
  let deepest = 0;
  const nested = '['.repeat(depth) + ']'.repeat(depth);
  assert.equal(
    walkJson(nested, (path) => (deepest = Math.max(deepest, path.length))),
    undefined,
  );
  assert.equal(deepest, depth - 1);
  assert.equal(
    walkJson('{"a":'.repeat(depth), () => undefined),
    depth * 5,
  );
});
