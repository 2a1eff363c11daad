import { existsSync } from 'node:fs';
import path from 'node:path';

/**
 * A file of the research data beside a checkout (`../shared`), which never enters the repository. Tests that need it
 * skip without it and name it: `{ skip: missing(file) }`. A test that always runs checks the same on `test/fixtures`.
 */
export function shared(...parts: string[]): string {
  return path.resolve(import.meta.dirname, '../../../shared', ...parts);
}

/** Why a test that needs `file` is skipped, or false. */
export function missing(file: string): string | false {
  return existsSync(file) ? false : `${path.relative(path.resolve(import.meta.dirname, '../..'), file)} is not here`;
}
