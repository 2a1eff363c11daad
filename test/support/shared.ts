import { existsSync } from 'node:fs';
import path from 'node:path';

/**
 * Path of a file of the research data beside a checkout (`../shared`), which never enters the repository. Tests that
 * need it are skipped with a message: `{ skip: missing(file) }`.
 */
export function shared(...parts: string[]): string {
  return path.resolve(import.meta.dirname, '../../../shared', ...parts);
}

/** Why a test that needs `file` is skipped, or false. */
export function missing(file: string): string | false {
  return existsSync(file) ? false : `${path.relative(path.resolve(import.meta.dirname, '../..'), file)} is not here`;
}
