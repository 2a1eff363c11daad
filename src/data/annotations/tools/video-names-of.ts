import { hasVideoExtension } from '../../video-extensions.js';

/** The last part of a path or an address, of whatever system it is, without `%20` and the like in addresses. */
export function lastPart(path: string): string {
  const isAddress = /^[a-z][a-z0-9+.-]+:\/\//i.test(path);
  const plain = isAddress ? decoded(path.replace(/[?#].*$/s, '')) : path;
  return plain.split(/[/\\]/).findLast((part) => part !== '') ?? '';
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A path without `%20` and the like where it is an address, as `file:///C:/a%20b.mp4`. */
export function plainPath(path: string): string {
  if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(path)) return path;
  return decoded(path.replace(/^[a-z][a-z0-9+.-]+:\/\//i, '').replace(/[?#].*$/s, ''));
}

/**
 * Names that the video of an annotation file may have, where the file does not say: its own name, also without a
 * second extension, as in `talk.mp4.srt` or `talk.en.srt`.
 */
export function namesByFile(file: string): string[] {
  const stem = lastPart(file).replace(/\.[^.]+$/, '');
  const names = [stem];
  if (!hasVideoExtension(stem) && /.\.[\p{L}\p{N}-]+$/u.test(stem)) names.push(stem.replace(/\.[^.]+$/, ''));
  return names;
}
