import { createHash } from 'node:crypto';

/** The most bytes of a name before its extension: file systems take 255, and the longest ending is `_labels.csv`. */
const maxBytes = 240;
/** Bytes of a shortened name before its hash. */
const shownBytes = 100;

/**
 * The file name, without extension, for an id of a video. An id may be any text and lead anywhere; no two of them get
 * the same name, and every name fits into a file system. Ordinary ids are their own names. An id with a slash, a
 * backslash or a control character, or a long one, is cut to what can be shown of it and gets a hash: `a/b` becomes
 * `a_b~` and 16 hexadecimal digits.
 */
export function fileNameOf(id: string): string {
  const clean = id.replace(/[\p{Cc}\p{Cs}/\\]/gu, '_');
  // A name that looks like one with a hash gets one too, so that nobody can write an id that hits another's name.
  if (clean === id && Buffer.byteLength(id) <= maxBytes && !/~[0-9a-f]{16}$/.test(id)) return id;
  const hash = createHash('sha256').update(id, 'utf16le').digest('hex').slice(0, 16);
  return `${shortened(clean)}~${hash}`;
}

/** The first characters of a text that fit into {@link shownBytes}. */
function shortened(text: string): string {
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > shownBytes) break;
    end += character.length;
  }
  return text.slice(0, end);
}
