import { lineOf, linesOf } from './printable.js';

/*
 * Everything that is written for people goes through `say` and `print`, because names of files, ids and labels are part
 * of it: they could move the cursor, or begin a line that looks like one of ours. JSON escapes by itself.
 */

let isQuiet = false;
let prefix = '';

/**
 * Makes this process, one of several that do the same, keep its notes and warnings to itself: rank 0 says them. Errors
 * begin with its number.
 */
export function quietFrom(rank: number): void {
  isQuiet = true;
  prefix = `[rank ${rank}] `;
}

/** Whether notes, warnings and progress are left to another process. */
export function saysNothing(): boolean {
  return isQuiet;
}

/** Writes a line to stderr: warnings, notes, progress. */
export function say(line: string): void {
  if (!isQuiet) process.stderr.write(`${lineOf(line)}\n`);
}

/** Writes the line of an error to stderr. */
export function sayError(line: string): void {
  process.stderr.write(`${lineOf(prefix + line)}\n`);
}

/** Writes a result for people to stdout: a table, or the path of what was made. */
export function print(text: string): void {
  process.stdout.write(`${linesOf(text)}\n`);
}

/** Writes a document for programs to stdout, as JSON. */
export function printJson(document: unknown, indent?: number): void {
  process.stdout.write(`${JSON.stringify(document, null, indent)}\n`);
}
