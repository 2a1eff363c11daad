import { UsageError } from '../errors.js';
import { printable } from '../printable.js';

/**
 * The text of a file's bytes: UTF-8, or UTF-16 where the file begins with its byte order mark, as spreadsheets write
 * it. The mark is not part of the text. Bytes of any other encoding are refused: read as UTF-8, different letters would
 * become the same.
 *
 * @param file - Path of the file, for messages.
 * @throws UsageError with file:line.
 */
export function decodeText(bytes: Uint8Array, file: string): string {
  const encoding = markedEncoding(bytes) ?? 'utf-8';
  let text: string;
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    const { line, content } = firstUndecodable(bytes, encoding);
    throw new UsageError(
      `${file}:${line}: not in ${encoding.toUpperCase()}: "${printable(around(content), 60)}": save the file as UTF-8`,
    );
  }
  const zero = text.indexOf('\0');
  if (zero >= 0) {
    const line = text.slice(0, zero).split('\n').length;
    throw new UsageError(`${file}:${line}: a zero byte, which no text has: save the file as UTF-8`);
  }
  return text;
}

/** The encoding that a byte order mark names, other than UTF-8. */
function markedEncoding([first, second]: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : undefined;
}

/** A long line from shortly before its first letter that cannot be read. */
function around(line: string): string {
  return line.slice(Math.max(0, line.indexOf('\uFFFD') - 40));
}

function firstUndecodable(bytes: Uint8Array, encoding: string): { line: number; content: string } {
  // A line feed is no part of another letter in UTF-8. In UTF-16 what cannot be read shows in the text.
  if (encoding !== 'utf-8') {
    const before = new TextDecoder(encoding).decode(bytes).split('\uFFFD', 1)[0]!.split('\n');
    return { line: before.length, content: before.at(-1)! };
  }
  const strict = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  for (let from = 0, to; from <= bytes.length; from = to + 1, line++) {
    const end = bytes.indexOf(10, from);
    to = end < 0 ? bytes.length : end;
    const one = bytes.subarray(from, to);
    try {
      strict.decode(one);
    } catch {
      return { line, content: new TextDecoder().decode(one).trim() };
    }
  }
  throw new Error('every line can be decoded');
}
