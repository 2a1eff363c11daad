import { gunzipSync } from 'node:zlib';
import { UsageError } from '../../../system/errors.js';
import { readRegularFile } from '../../../system/files/regular-file.js';
import { decodeText } from '../../../system/files/text.js';
import { printable } from '../../../system/printable.js';
import type { Warning } from '../annotations.js';
import { fromWindows1252, isWindows1252 } from './windows-1252.js';

/** The largest annotation file in bytes, compressed or not: parsing it takes several times as much memory. */
const maxBytes = 2 ** 26;

/** Bytes that Windows-1252 does not have, and control characters that no text has. */
// eslint-disable-next-line no-control-regex
const notWindows1252 = /[\x00-\x08\x0e-\x1f\x7f\x81\x8d\x8f\x90\x9d]/;

/**
 * The text of an annotation file, unpacked where it is gzipped.
 *
 * It is UTF-8, or what the file itself names: UTF-16 by its byte order mark, or the encoding in an XML declaration. A
 * table or another plain text that is not UTF-8 is taken for Windows-1252, which spreadsheets save without saying so,
 * and that is told: it keeps different labels apart whatever they really are, and a wrong guess shows in the letters.
 *
 * @throws UsageError when it is too large, damaged, a workbook, or in an encoding that nobody named.
 */
export function decodeAnnotations(file: string): { text: string; warnings: Warning[] } {
  const bytes = unpacked(readRegularFile(file, 'annotation file', maxBytes), file);
  if (bytes[0] === 0x50 && bytes[1] === 0x4b)
    throw new UsageError(`${file}: a workbook or an archive (zip): save its table as CSV, or unpack it`);
  if (isMarked(bytes) || isUtf8(bytes)) return { text: decodeText(bytes, file), warnings: [] };
  const beginning = Buffer.from(bytes.subarray(0, 400)).toString('latin1').trimStart();
  const named = /^<\?xml[^>]*\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(beginning)?.[1];
  if (named !== undefined) return { text: decodedAs(named, bytes, file), warnings: [] };
  if (/^[[{<]/.test(beginning) || notWindows1252.test(Buffer.from(bytes).toString('latin1')))
    return { text: decodeText(bytes, file), warnings: [] };
  const text = fromWindows1252(bytes);
  const word = /[\p{L}\p{N} ]*[^\p{ASCII}][\p{L}\p{N} ]*/u.exec(text)?.[0].trim() ?? '';
  const says =
    `${file}: not in UTF-8 and read as Windows-1252: "${printable(word, 40)}"; ` +
    'if letters are wrong there, save the file as UTF-8';
  return { text, warnings: [{ kind: 'files in Windows-1252', text: says }] };
}

/** Whether the bytes begin with a byte order mark. */
function isMarked([first, second]: Uint8Array): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function decodedAs(encoding: string, bytes: Uint8Array, file: string): string {
  if (isWindows1252(encoding)) return fromWindows1252(bytes);
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError(`${file}: not in ${printable(encoding, 20)}, which its first line names: save it as UTF-8`);
  }
}

/** The bytes of a file, unpacked where they are gzipped. */
function unpacked(bytes: Buffer<ArrayBuffer>, file: string): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === 'ERR_BUFFER_TOO_LARGE' ? `unpacked it has more than ${maxBytes} bytes` : 'it is damaged';
    throw new UsageError(`${file}: gzipped, and ${reason}`);
  }
}
