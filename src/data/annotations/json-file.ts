import type { z } from 'zod';
import { UsageError } from '../../system/errors.js';
import { readText } from '../../system/files/files.js';
import { printable } from '../../system/printable.js';
import { walkJson, type JsonPath } from './json-walk.js';

/** A JSON file that can tell the line of each value. Lines are looked up only when there is an error to report. */
export class JsonFile {
  readonly content: unknown;
  private readonly text: string;

  /**
   * Reads the file.
   *
   * @param what - What the file should be, for messages.
   * @param text - Its text, where somebody has read it already.
   * @throws UsageError naming the file, and the line at which it is not JSON.
   */
  constructor(
    readonly file: string,
    what: string,
    text: string = readText(file, what),
  ) {
    this.text = text;
    try {
      this.content = JSON.parse(this.text) as unknown;
    } catch {
      const at = walkJson(this.text, () => undefined) ?? 0;
      const found = at < this.text.length ? `at "${printable(this.text.slice(at), 20)}"` : 'it ends too early';
      throw new UsageError(`${file}:${this.lineAt(at)}: ${what} is not JSON: ${found}`);
    }
  }

  /**
   * Parses `value`, which stands at `path`, with a schema.
   *
   * @throws UsageError with file:line of the first wrong field.
   */
  parse<T>(schema: z.ZodType<T>, value: unknown = this.content, path: JsonPath = []): T {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    const [first, ...others] = result.error.issues;
    const more = others.length > 0 ? ` (and ${others.length} more)` : '';
    throw this.error([...path, ...(first!.path as JsonPath)], first!.message + more);
  }

  /**
   * The entries of the object `value`, which stands at `path`, as a map: zod's records leave out a key `__proto__`.
   *
   * @throws UsageError where the value is not an object.
   */
  entries(value: unknown = this.content, path: JsonPath = []): Map<string, unknown> {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return new Map(Object.entries(value));
    throw this.error(path, 'expected an object');
  }

  /** An error about the value at `path`: file:line, the field, and what is wrong with it. */
  error(path: JsonPath, message: string): UsageError {
    const field = path.length === 0 ? '' : `${fieldName(path)}: `;
    return new UsageError(`${this.file}:${this.lineOf(path)}: ${field}${printable(message, 300)}`);
  }

  /** The line, from 1, of the value at `path`, or of the innermost existing value around it. */
  lineOf(path: JsonPath): number {
    let found = 0;
    // The last of repeated keys counts, as in JSON.parse.
    walkJson(this.text, (steps, at) => {
      if (isBelow(path, steps)) found = at;
    });
    return this.lineAt(found);
  }

  /** The line, from 1, of each value in the object or list at `path`, by its key or index. */
  linesIn(path: JsonPath): ReadonlyMap<string | number, number> {
    const lines = new Map<string | number, number>();
    let [line, from] = [1, 0];
    walkJson(this.text, (steps, at) => {
      if (steps.length !== path.length + 1 || !isBelow(steps, path)) return;
      for (let next = this.text.indexOf('\n', from); next >= 0 && next < at; next = this.text.indexOf('\n', from)) {
        line++;
        from = next + 1;
      }
      lines.set(steps.at(-1)!, line);
    });
    return lines;
  }

  /** Keys that occur more than once in the object at `path`. JSON.parse silently keeps the last one. */
  repeatedKeys(path: JsonPath): Set<string> {
    const seen = new Set<string>();
    const repeated = new Set<string>();
    walkJson(this.text, (steps) => {
      if (steps.length !== path.length + 1 || !isBelow(steps, path)) return;
      const key = String(steps.at(-1));
      if (seen.has(key)) repeated.add(key);
      seen.add(key);
    });
    return repeated;
  }

  /**
   * Refuses keys that occur more than once in an object: JSON.parse silently keeps the last one.
   *
   * @param told - Tells the paths of repeated keys that something else is said of.
   * @throws UsageError with file:line of the first other one.
   */
  refuseRepeatedKeys(told: (path: JsonPath) => boolean = () => false): void {
    // The keys seen so far of the objects that are open, by depth.
    const open: Set<string>[] = [];
    let repeated: UsageError | undefined;
    walkJson(this.text, (path, at) => {
      open.length = path.length + 1;
      open[path.length] = new Set();
      const key = path.at(-1);
      if (typeof key !== 'string') return;
      const seen = open[path.length - 1]!;
      if (seen.has(key) && !told(path))
        repeated ??= new UsageError(`${this.file}:${this.lineAt(at)}: ${fieldName(path)} is there twice: keep one`);
      seen.add(key);
    });
    if (repeated) throw repeated;
  }

  private lineAt(offset: number): number {
    let line = 1;
    for (let at = this.text.indexOf('\n'); at >= 0 && at < offset; at = this.text.indexOf('\n', at + 1)) line++;
    return line;
  }
}

/** Whether `path` equals `above` or continues it. */
function isBelow(path: JsonPath, above: JsonPath): boolean {
  return above.length <= path.length && above.every((step, i) => step === path[i]);
}

/** The name of a field in messages: `database.v_1.annotations[0].segment`. */
function fieldName(path: JsonPath): string {
  const steps = path.map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i > 0 ? '.' : ''}${step}`));
  return printable(steps.join(''), 300);
}
