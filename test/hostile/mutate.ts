import type { Random } from '../../src/engine/random.js';
import { flippedBits, hostileToken } from '../support/mutations.js';

/**
 * The most bytes that a mutation repeats: small files must not take much memory or time. Large ones are rare, because
 * reading them takes most of the time of all.
 */
const mostBytes = (random: Random): number => 2 ** random.pick([10, 10, 12, 12, 12, 14, 14, 16]);

const insertions = [
  '[',
  '{"a":',
  '(',
  ']',
  ',',
  '"',
  '\\"',
  '\n',
  ' ',
  '0',
  '-',
  '- ',
  '&a [',
  '*a,',
  '\u0000',
  ';',
  'é',
];

/** Mutations of bytes: cut, bits flipped, bytes set, pieces repeated, removed and moved. */
const ofBytes: readonly ((bytes: Buffer, random: Random) => Buffer)[] = [
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  (bytes, random) => flippedBits(bytes, bytes.length, random),
  (bytes, random) => flippedBits(bytes, Math.min(bytes.length, 128), random),
  (bytes, random) => {
    const changed = Buffer.from(bytes);
    const at = random.below(bytes.length);
    changed.fill(random.pick([0, 0x7f, 0x80, 0xff]), at, Math.min(bytes.length, at + 1 + random.below(8)));
    return changed;
  },
  (bytes, random) => {
    const [from, length] = [random.below(bytes.length), 1 + random.below(64)];
    const piece = bytes.subarray(from, from + length);
    const times = random.below(Math.floor(mostBytes(random) / piece.length));
    return Buffer.concat([bytes.subarray(0, from), repeated(piece, times), bytes.subarray(from)]);
  },
  (bytes, random) => {
    const [from, length] = [random.below(bytes.length), random.below(64)];
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + length)]);
  },
];

/** Mutations of text: values that do not belong, and characters repeated many times. */
const ofText: readonly ((bytes: Buffer, random: Random) => Buffer)[] = [
  (bytes, random) => {
    const text = bytes.toString('latin1');
    return /"|\d/.test(text) ? Buffer.from(hostileToken(text, random), 'latin1') : bytes;
  },
  (bytes, random) => {
    const piece = Buffer.from(random.pick(insertions));
    const at = random.below(bytes.length);
    const times = 1 + random.below(Math.floor(mostBytes(random) / piece.length));
    return Buffer.concat([bytes.subarray(0, at), repeated(piece, times), bytes.subarray(at)]);
  },
];

/** One mutation of a file's bytes, or of a text's. */
export function mutated(bytes: Buffer, random: Random, text: boolean): Buffer {
  const whole = bytes.length === 0 ? Buffer.from('x') : bytes;
  return random.pick(text ? [...ofBytes, ...ofText] : ofBytes)(whole, random);
}

function repeated(piece: Buffer, times: number): Buffer {
  return Buffer.alloc(piece.length * times, piece);
}
