import assert from 'node:assert/strict';
import { test } from 'node:test';
import { longest, longLines, offenders, trackedFiles } from '../tools/line-length.js';

const words = (length: number) => 'word '.repeat(length).slice(0, length - 1) + '.';
const lines = (file: string, content: string) => longLines(file, content).map(({ line }) => line);

const tracked = trackedFiles();

test('no line of the repository is longer than 120 characters', { skip: tracked === null && 'no git checkout' }, () => {
  const files = tracked!;
  assert.ok(files.length > 10);
  assert.deepEqual(offenders(files), [], 'see npx tsx tools/line-length.ts');
});

test('lines are counted in code points', () => {
  assert.equal(longest, 120);
  assert.deepEqual(longLines('a.md', `${words(120)}\n${words(121)}`), [{ line: 2, length: 121 }]);
  // Two code units each in JavaScript.
  assert.deepEqual(lines('a.md', `a ${'𝛺'.repeat(118)}\na ${'𝛺'.repeat(119)}`), [2]);
});

test('markdown: tables, fenced blocks and what has no space are left alone', () => {
  const long = words(130);
  const url = `https://example.org/${'x'.repeat(130)}`;
  const page = [long, `| ${long} |`, '```', long, '```', `- ${url}`, url, `see ${url}`, `> ${long}`].join('\n');
  assert.deepEqual(lines('a.md', page), [1, 8, 9]);
});

test('code: comments count, strings and patterns that prettier leaves do not', () => {
  const long = words(130);
  const code = [
    `// ${long}`,
    `const message = '${long}';`,
    `const text = \`${long}`,
    long + ' // ${message} ' + long + '`;',
    `const pattern = /${long} \\/\\/ ${long}/;`,
    `const short = 'a'; // ${long}`,
    '/**',
    ` * ${long}`,
    ' */',
    `const sum = ${'first + '.repeat(20)}'${long}';`,
    `// https://example.org/${'x'.repeat(130)}`,
  ].join('\n');
  assert.deepEqual(lines('a.ts', code), [1, 6, 8, 10]);
});

test('everything else: any line that could be broken', () => {
  assert.deepEqual(lines('a.yaml', `# ${words(130)}\nkey: ${'x'.repeat(130)}\n# ${'x'.repeat(130)}`), [1, 2]);
});
