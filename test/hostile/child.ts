/**
 * Reads hostile files with some parsers: `child.ts binary|text|store|tool CASES`. Each case must be read, or refused
 * in one line. The parser and case at work stand in the file of the third argument, so that the parent can tell which
 * one it had to kill the process for.
 */
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { randomStream } from '../../src/engine/random.js';
import { LofiError } from '../../src/system/errors.js';
import type { Parser } from './parser.js';

const [group, cases, progress] = process.argv.slice(2) as [string, string, string];
const groups: Record<string, () => Promise<Readonly<Record<string, Parser>>>> = {
  binary: async () => (await import('./binary-parsers.js')).binaryParsers,
  text: async () => (await import('./text-parsers.js')).textParsers,
  tool: async () => (await import('./tool-parsers.js')).toolParsers,
  store: async () => (await import('./store-parsers.js')).storeParsers,
};
// What is said on the way, such as which checkpoint is damaged, is not what this is about.
process.stderr.write = () => true;

const at = openSync(progress, 'w');
const counts: Record<string, { read: number; refused: number }> = {};
for (const [name, parser] of Object.entries(await groups[group]!())) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lofi-hostile-'));
  const count = (counts[name] = { read: 0, refused: 0 });
  for (let i = 0; i < Math.min(Number(cases), parser.cases ?? Infinity); i++) {
    writeSync(at, `${name}, case ${i}`.padEnd(80), 0);
    const files = Object.entries(parser.files(randomStream(23, name, i)));
    for (const [file, content] of files) {
      if (file.includes('/')) mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      writeFileSync(path.join(folder, file), content);
    }
    try {
      parser.read((file) => path.join(folder, file));
      count.read++;
    } catch (error) {
      const inOneLine = error instanceof LofiError && /^[^\p{Cc}\u2028\u2029]{10,2000}$/u.test(error.message);
      if (!inOneLine) throw new Error(`${name}, case ${i}`, { cause: error });
      count.refused++;
    }
    for (const [file] of files) rmSync(path.join(folder, file), { force: true });
  }
  rmSync(folder, { recursive: true });
}
closeSync(at);
process.stdout.write(JSON.stringify({ counts, mebibytes: process.resourceUsage().maxRSS / 1024 }));
process.exit(0);
