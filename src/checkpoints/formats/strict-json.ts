import { printable } from '../../system/printable.js';

/**
 * Parses JSON from an untrusted source. The text is checked first, because JSON.parse silently keeps the last of two
 * equal keys and takes memory for any depth of nesting.
 *
 * @param maxDepth - Allowed depth of nested objects and arrays, the outermost one counted.
 * @throws Error saying in a few words what is wrong: not UTF-8, not JSON, a repeated key, or nesting too deep.
 */
export function parseStrictJson(bytes: Uint8Array, maxDepth: number): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error('is not UTF-8');
  }
  const keysOfOpen: (Set<string> | null)[] = [];
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '{' || c === '[') {
      keysOfOpen.push(c === '{' ? new Set() : null);
      if (keysOfOpen.length > maxDepth) throw new Error('is nested too deep');
    } else if (c === '}' || c === ']') {
      keysOfOpen.pop();
    } else if (c === '"') {
      const begin = i++;
      while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
      if (!isKey(text, i + 1)) continue;
      const key = parse(text.slice(begin, i + 1)) as string;
      const keys = keysOfOpen.at(-1);
      if (keys?.has(key)) throw new Error(`has "${printable(key)}" twice`);
      keys?.add(key);
    }
  }
  return parse(text);
}

/** Whether a string that ends before `at` is a key: a colon follows it. */
function isKey(json: string, at: number): boolean {
  while (json[at] === ' ' || json[at] === '\n' || json[at] === '\r' || json[at] === '\t') at++;
  return json[at] === ':';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // V8's own message would quote the text, including line ends.
    throw new Error('is not JSON');
  }
}
