import { lineOf, linesOf } from './printable.js';

/*
 * Everything that is written for people goes through `say` and `print`, because names of files, ids and labels are part
 * of it: they could move the cursor, or begin a line that looks like one of ours. JSON escapes by itself.
 */

/** Writes a line to stderr: warnings, notes, progress, errors. */
export function say(line: string): void {
  process.stderr.write(`${lineOf(line)}\n`);
}

/** Writes a result for people to stdout: a table, or the path of what was made. */
export function print(text: string): void {
  process.stdout.write(`${linesOf(text)}\n`);
}

/** Writes a document for programs to stdout, as JSON. */
export function printJson(document: unknown, indent?: number): void {
  process.stdout.write(`${JSON.stringify(document, null, indent)}\n`);
}
