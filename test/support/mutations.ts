import { rmSync, writeFileSync } from 'node:fs';
import type { Random } from '../../src/engine/random.js';

/** Values that do not belong where a JSON file has another value. */
const hostile = [
  '-1',
  '1.5',
  '1e400',
  '-0.0001',
  '9007199254740993',
  '18446744073709551615',
  'NaN',
  'null',
  '[]',
  '{}',
  '[[[[0]]]]',
  '"x"',
  '"../x"',
  '"__proto__"',
  '"constructor"',
  '"\\ud800"',
  '"a\\n\\u001b[2Jb"',
];

/** Replaces one number or string of a JSON text, drawn at random, by a hostile value. */
export function hostileToken(json: string, random: Random): string {
  const tokens = [...json.matchAll(/"(?:[^"\\]|\\.)*"|-?\d+/g)];
  const { index, 0: token } = tokens[random.below(tokens.length)]!;
  return json.slice(0, index) + hostile[random.below(hostile.length)]! + json.slice(index + token.length);
}

/** Flips one to three bits in the first `end` bytes. */
export function flippedBits(bytes: Uint8Array, end: number, random: Random): Buffer {
  const flipped = Buffer.from(bytes);
  for (let flips = 1 + random.below(3); flips > 0; flips--) {
    const at = random.below(end);
    flipped[at] = flipped[at]! ^ (1 << random.below(8));
  }
  return flipped;
}

/** Number of bytes by which the largest resident size of the process grows during `work`. */
export function growth(work: () => void): number {
  const before = process.resourceUsage().maxRSS;
  work();
  return (process.resourceUsage().maxRSS - before) * 1024;
}

/** Deletes and writes a small file: overwriting it would make the file system flush it each time. */
export function rewrite(file: string, content: string | Uint8Array): void {
  rmSync(file, { force: true });
  writeFileSync(file, content);
}
