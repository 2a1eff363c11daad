import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { UsageError } from '../system/errors.js';
import { readText } from '../system/files/files.js';
import { nearest } from '../system/nearest.js';
import type { HeadType } from './sections/model-section.js';
import { headFacts } from './head-facts.js';
import { configSchema, type Config } from './schema.js';
import { isTree, type Tree } from './tree.js';
import { maxConfigBytes, yamlValues } from './yaml.js';

/** A configuration, and the source of each value by its dotted key: a file or `--set`. Defaults have no source. */
export interface LoadedConfig {
  config: Config;
  sources: Map<string, string>;
}

/**
 * Reads a YAML configuration. Its values override those of the file that it `extends`, overrides (`a.b=c`, from
 * `--set`) override both, and defaults fill the rest.
 *
 * @throws UsageError naming file and key of the first mistake. For an unknown key it suggests the nearest known one.
 */
export function loadConfig(file: string, overrides: readonly string[] = []): LoadedConfig {
  const sources = new Map<string, string>();
  const tree = readTree(path.resolve(file), sources, []);
  // The head comes first, because choosing another head removes the values stated for the one before.
  const first = (override: string) => Number(override.startsWith('model.type='));
  const ordered = [...overrides].sort((a, b) => first(b) - first(a));
  for (const override of ordered) applyOverride(tree, override, sources);
  const head = headOf(tree);
  const recipe: Tree = Object.hasOwn(headFacts, head) ? { ...headFacts[head as HeadType].recipe } : {};
  noteUnder(recipe, `model.type=${head}`, sources);
  const parsed = configSchema.safeParse(merge(recipe, tree));
  if (!parsed.success) throw new UsageError(explain(parsed.error.issues[0]!, { tree, sources, file, head }));
  return { config: parsed.data, sources };
}

/** The JSON Schema of a configuration file, for editors. */
export function configJsonSchema(): unknown {
  return z.toJSONSchema(configSchema, { io: 'input' });
}

function readTree(file: string, sources: Map<string, string>, above: readonly string[]): Tree {
  if (above.includes(file)) throw new UsageError(`${file}: extends itself by way of ${above.at(-1)!}`);
  if (!existsSync(file)) throw new UsageError(`configuration not found: ${file}`);
  const tree = yamlValues(readText(file, 'configuration', maxConfigBytes), file) ?? {};
  if (!isTree(tree)) throw new UsageError(`${file}: a configuration is a map of keys`);
  const { extends: base, ...own } = tree;
  if (base !== undefined && typeof base !== 'string') throw new UsageError(`${file}: extends takes the path of a file`);
  const below = base === undefined ? {} : readTree(path.resolve(path.dirname(file), base), sources, [...above, file]);
  if (isTree(own.model)) forOtherHead(below, own.model.type, sources);
  note(own, path.relative(process.cwd(), file) || file, sources);
  return merge(below, own);
}

function merge(below: Tree, above: Tree): Tree {
  const merged = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const old = merged[key];
    merged[key] = isTree(old) && isTree(value) ? merge(old, value) : value;
  }
  return merged;
}

/** The head that a tree chooses, or the default. */
function headOf({ model }: Tree): string {
  return isTree(model) && typeof model.type === 'string' ? model.type : 'gtad';
}

/**
 * Prepares a tree for values on top of it that choose another head: removes the previous head's own keys, and the keys
 * of training and detection that any head's recipe sets.
 */
function forOtherHead(tree: Tree, type: unknown, sources: Map<string, string>): void {
  if (type === undefined || type === headOf(tree)) return;
  const leave = (section: string, stays: (key: string) => boolean) => {
    const stated = tree[section];
    if (!isTree(stated)) return;
    tree[section] = Object.fromEntries(Object.entries(stated).filter(([key]) => stays(key)));
    for (const key of Object.keys(stated)) if (!stays(key)) sources.delete(`${section}.${key}`);
  };
  leave('model', (key) => key === 'window');
  for (const [section, keys] of Object.values(headFacts).flatMap(({ recipe }) => Object.entries(recipe)))
    leave(section, (key) => !(key in keys));
}

function applyOverride(tree: Tree, override: string, sources: Map<string, string>): void {
  const at = override.indexOf('=');
  if (at <= 0) throw new UsageError(`--set ${override}: write --set key.subkey=value`);
  const keys = override.slice(0, at).split('.');
  const where = `--set ${override}`;
  const value = yamlValues(override.slice(at + 1), where, () => `${where}: the value is not YAML`);
  if (keys.includes('__proto__')) throw new UsageError(`--set ${override}: no such key`);
  if (keys.join('.') === 'model.type') forOtherHead(tree, value, sources);
  let node = tree;
  for (const key of keys.slice(0, -1)) {
    const next = node[key];
    node = node[key] = isTree(next) ? next : {};
  }
  const leaf = keys.at(-1)!;
  node[leaf] = value;
  note({ [leaf]: value }, '--set', sources, keys.slice(0, -1));
}

function note(tree: Tree, source: string, sources: Map<string, string>, at: readonly string[] = []): void {
  for (const [key, value] of Object.entries(tree)) {
    if (isTree(value)) note(value, source, sources, [...at, key]);
    else sources.set([...at, key].join('.'), source);
  }
}

/** Like {@link note}, but keeps the sources that are already noted. */
function noteUnder(tree: Tree, source: string, sources: Map<string, string>): void {
  const below = new Map<string, string>();
  note(tree, source, below);
  for (const [key, from] of below) if (!sources.has(key)) sources.set(key, from);
}

function explain(
  issue: z.core.$ZodIssue,
  { tree, sources, file, head }: { tree: Tree; sources: Map<string, string>; file: string; head: string },
): string {
  const parent = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const key = [...parent, issue.keys[0]!].join('.');
    const from = [...sources].find(([name]) => name === key || name.startsWith(`${key}.`))?.[1] ?? file;
    if (allKeys(configSchema).includes(key)) return `${from}: ${key} is not a key of ${chosen(tree, parent, head)}`;
    const meant = nearest(key, allKeys(configSchema)) ?? sameLeaf(key);
    return `${from}: unknown key ${key}${meant ? `; did you mean ${meant}?` : ''}`;
  }
  const key = parent.join('.');
  const from =
    [...sources].find(([name]) => `${key}.`.startsWith(`${name}.`) || name.startsWith(`${key}.`))?.[1] ?? file;
  return `${from}: ${key}: ${issue.message}`;
}

/** What a section chooses by its `type`, which decides its keys. */
function chosen(tree: Tree, section: readonly string[], head: string): string {
  if (section.join('.') === 'model') return `the ${head} head (model.type)`;
  const keys = section.reduce<unknown>((node, key) => (isTree(node) ? node[key] : undefined), tree);
  const type = isTree(keys) && typeof keys.type === 'string' ? keys.type : 'the default';
  return `${type} (${[...section, 'type'].join('.')})`;
}

/** The known key with the same name in another section. */
function sameLeaf(key: string): string | undefined {
  const leaf = `.${key.split('.').at(-1)!}`;
  return allKeys(configSchema).find((known) => known.endsWith(leaf));
}

/** Every dotted key of the schema. */
export function allKeys(schema: z.ZodType, at = ''): string[] {
  let inner: unknown = schema;
  while (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault || inner instanceof z.ZodNullable) {
    inner = inner.unwrap();
  }
  if (inner instanceof z.ZodPipe) inner = inner.in;
  if (inner instanceof z.ZodDiscriminatedUnion)
    return [...new Set((inner.options as z.ZodType[]).flatMap((option) => allKeys(option, at)))];
  if (!(inner instanceof z.ZodObject)) return at === '' ? [] : [at];
  const shape = inner.shape as Record<string, z.ZodType>;
  const below = Object.entries(shape).flatMap(([key, value]) => allKeys(value, at === '' ? key : `${at}.${key}`));
  return at === '' ? below : [at, ...below];
}
