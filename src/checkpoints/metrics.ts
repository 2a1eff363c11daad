import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { isDiskFull, naming } from '../system/files/disk.js';
import { readText } from '../system/files/files.js';
import { say } from '../system/say.js';
import { UsageError } from '../system/errors.js';

/** What a stage does with the log of a run. */
export interface StepLog {
  readonly file: string;
  append(record: object): void;
  position(): number;
  truncate(position: number): void;
  close(): void;
}

/** The log of a process that writes nothing. */
export function silentLog(file: string): StepLog {
  const nothing = () => undefined;
  return { file, append: nothing, position: () => 0, truncate: nothing, close: nothing };
}

/**
 * A run's `metrics.jsonl`, one JSON object per line. Each line is written at once; while the disk
 * is full, lines wait in memory.
 */
export class MetricsLog implements StepLog {
  readonly #fd: number;
  #waiting = '';

  /** Opens the file for appending, and cuts off a last line that a crash left unfinished. */
  constructor(readonly file: string) {
    mkdirSync(path.dirname(file), { recursive: true });
    this.#fd = openSync(file, 'a+');
    this.#cutTornLine();
  }

  append(record: object): void {
    this.#waiting += `${JSON.stringify(record)}\n`;
    try {
      this.#write();
    } catch (error) {
      if (!isDiskFull(error)) throw error;
    }
  }

  /**
   * The length in bytes, after syncing the file to disk, so that a checkpoint may refer to it.
   *
   * @throws The error of the file system when lines are waiting and the disk is still full.
   */
  position(): number {
    this.#write();
    fsyncSync(this.#fd);
    return fstatSync(this.#fd).size;
  }

  /**
   * Shortens the file to an earlier {@link position}, to resume from the checkpoint that refers to it. If the file is
   * shorter already, a warning on stderr says so: somebody has emptied or changed it.
   */
  truncate(position: number): void {
    this.#waiting = '';
    const { size } = fstatSync(this.#fd);
    if (position < size) ftruncateSync(this.#fd, position);
    if (position > size)
      say(
        `warning: ${this.file} has ${size} bytes, but had ${position} when the checkpoint was written: the records ` +
          'of the steps before are lost, and reports will not show them',
      );
    this.#cutTornLine();
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Writes all waiting lines or none. */
  #write(): void {
    const before = fstatSync(this.#fd).size;
    const bytes = Buffer.from(this.#waiting);
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(this.#fd, bytes, at);
    } catch (error) {
      ftruncateSync(this.#fd, before);
      throw naming(error, this.file);
    }
    this.#waiting = '';
  }

  #cutTornLine(): void {
    let end = fstatSync(this.#fd).size;
    const chunk = Buffer.alloc(65_536);
    while (end > 0) {
      const begin = Math.max(0, end - chunk.length);
      const read = readSync(this.#fd, chunk, 0, end - begin, begin);
      const newline = chunk.subarray(0, read).lastIndexOf(10);
      if (newline >= 0) {
        end = begin + newline + 1;
        break;
      }
      end = begin;
    }
    if (end < fstatSync(this.#fd).size) ftruncateSync(this.#fd, end);
  }
}

/** A million steps take about 400 MB. The text of a larger file would not fit into one string. */
const maxLogBytes = 2 ** 29 - 25;

/**
 * The records of a `metrics.jsonl`; none when there is no file. An unfinished last line is left out.
 *
 * @throws UsageError naming file:line when any other line is not a JSON object.
 */
export function readMetrics(file: string): Record<string, unknown>[] {
  if (!existsSync(file)) return [];
  const lines = readText(file, 'metrics', maxLogBytes).split('\n').slice(0, -1);
  return lines.map((line, i) => {
    let record: unknown;
    try {
      record = JSON.parse(line);
    } catch {
      record = null;
    }
    if (typeof record !== 'object' || record === null || Array.isArray(record))
      throw new UsageError(`${file}:${i + 1}: not a JSON object; delete the line or the file`);
    return record as Record<string, unknown>;
  });
}
