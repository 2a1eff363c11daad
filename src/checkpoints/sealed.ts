import { createHash } from 'node:crypto';
import { readText } from '../system/files/files.js';

/** The largest manifest: that of a shard names each of its videos. */
const maxBytes = 2 ** 26;

/**
 * JSON text that carries the sha256 of its own content, so that a flipped bit in a manifest is noticed.
 *
 * @throws Error when a number in it is not finite: JSON would turn it into null, from which
 * a resumed run would continue.
 */
export function sealJson(content: object): string {
  const json = JSON.stringify(content, (key, value: unknown) => {
    if (typeof value === 'number' && !Number.isFinite(value))
      throw new Error(`${key} is ${value}, which JSON cannot hold`);
    return value;
  });
  const seal = createHash('sha256').update(json).digest('hex');
  return `${JSON.stringify({ ...(JSON.parse(json) as object), seal }, null, 2)}\n`;
}

/** The content of a text made by {@link sealJson}, or null when any byte of it has changed. */
export function unsealJson(text: string): object | null {
  try {
    const content = JSON.parse(text) as { seal?: unknown };
    delete content.seal;
    return sealJson(content) === text ? content : null;
  } catch {
    return null;
  }
}

/** The content of a file written by {@link sealJson}, or null when it is missing or any byte of it has changed. */
export function readSealedJson(file: string): object | null {
  try {
    return unsealJson(readText(file, 'manifest', maxBytes));
  } catch {
    return null;
  }
}
