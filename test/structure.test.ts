import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const root = path.resolve(import.meta.dirname, '..');
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', 'src'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file.endsWith('.ts'));
const textOf = (file: string) => readFileSync(path.join(root, file), 'utf8');

/** Files that a file imports, types too. */
function importsOf(file: string): string[] {
  const specifiers = [...textOf(file).matchAll(/(?:from|import\()\s*'(\.[^']+)\.js'/g)].map((match) => match[1]!);
  return specifiers.map((specifier) => path.posix.join(path.posix.dirname(file), `${specifier}.ts`));
}

/** Names that stand more than once, each with where. */
function repeated(entries: readonly (readonly [name: string, where: string])[]): string[] {
  const places = new Map<string, string[]>();
  for (const [name, where] of entries) places.set(name, [...(places.get(name) ?? []), where]);
  return [...places].filter(([, list]) => list.length > 1).map(([name, list]) => `${name}: ${list.join(', ')}`);
}

test('no folder of src holds more than 15 files', () => {
  const folders = new Map<string, number>();
  for (const file of files) folders.set(path.dirname(file), (folders.get(path.dirname(file)) ?? 0) + 1);
  assert.ok(folders.size > 30);
  assert.deepEqual(
    [...folders].filter(([, count]) => count > 15),
    [],
  );
});

test('no file of src is longer than 300 lines', () => {
  const long = files.filter((file) => textOf(file).split('\n').length > 301);
  assert.deepEqual(long, []);
});

test('no two files of src have the same name', () => {
  assert.deepEqual(repeated(files.map((file) => [path.basename(file), file] as const)), []);
});

test('no two exported types have the same name', () => {
  const exported = files.flatMap((file) =>
    [...textOf(file).matchAll(/^export (?:declare )?(?:abstract )?(?:interface|type|class) (\w+)/gm)].map(
      (match) => [match[1]!, file] as const,
    ),
  );
  assert.ok(exported.length > 100);
  assert.deepEqual(repeated(exported), []);
});

test('no imports go in a circle, those of types neither', () => {
  const arrows = new Map(files.map((file) => [file, importsOf(file)]));
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, way: readonly string[]) => {
    if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file].join(' → '));
    if (done.has(file) || way.includes(file)) return;
    for (const next of arrows.get(file) ?? []) visit(next, [...way, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  assert.ok([...arrows.values()].flat().length > 500);
  assert.deepEqual(circles, []);
});
