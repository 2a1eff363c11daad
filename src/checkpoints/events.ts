import { appendFileSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { writeFileAtomic } from '../system/files/files.js';

/** A record of `metrics.jsonl`: a step (has `loss`) or a validation (has `metrics`). */
type LogRecord = Readonly<Record<string, unknown>>;

const PREFIX = 'events.out.tfevents.';

/**
 * The event file of a training stage for TensorBoard. It has what `metrics.jsonl` says about the stage, as scalars.
 *
 * The engine's own writer is not used: it puts the machine's name into the file name, stamps every event with the time
 * of writing, cannot replace steps that are done again, and is missing from the wasm engine.
 */
export class EventLog {
  readonly #file: string;

  /**
   * Starts a new file in `folder` with the stage's records so far, and deletes the file of before an interruption,
   * whose steps the new one has.
   */
  constructor(folder: string, records: readonly LogRecord[]) {
    const earlier = eventFiles(folder);
    const number = 1 + Math.max(0, ...earlier.map((name) => Number(name.slice(PREFIX.length).split('.')[0])));
    // TensorBoard reads files in the order of their names. A session that starts makes a running TensorBoard forget
    // the steps of the earlier file.
    this.#file = path.join(folder, `${PREFIX}${String(number).padStart(6, '0')}.lofi`);
    const began = wallTime(records[0] ?? {});
    const head = [concat(began, text(3, 'brain.Event:2')), concat(began, message(7, varint(1, 1)))];
    writeFileAtomic(this.#file, ...[...head, ...records.map(toEvent)].map(frame));
    for (const name of earlier) rmSync(path.join(folder, name), { force: true });
  }

  append(record: LogRecord): void {
    appendFileSync(this.#file, frame(toEvent(record)));
  }
}

function eventFiles(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.startsWith(PREFIX));
  } catch {
    return [];
  }
}

/** Encodes TensorFlow's `Event` message: wall_time = 1, step = 2, file_version = 3, summary = 5, session_log = 7. */
function toEvent(record: LogRecord): Buffer {
  // In Summary the field value = 1 is repeated; in Value tag = 1 and simple_value = 2.
  const values = scalars(record).map(([tag, value]) => message(1, concat(text(1, tag), float(2, value))));
  return concat(wallTime(record), varint(2, Number(record.step)), message(5, concat(...values)));
}

/** The numbers of a record under the names that TensorBoard shows. A name `a/b` appears in group `a`. */
function scalars({
  epoch,
  loss,
  lr,
  terms,
  metrics,
  shape,
  seconds,
  wait,
  rssMiB,
  ...more
}: LogRecord): [string, number][] {
  const [length, side] = typeof shape === 'string' ? shape.split('x').map(Number) : [];
  const group = (name: string, values: unknown) =>
    Object.entries((values ?? {}) as Record<string, unknown>).map(([key, value]) => [`${name}/${key}`, value] as const);
  const named: (readonly [string, unknown])[] = [
    ['epoch', loss === undefined ? undefined : epoch],
    ['loss', loss],
    ['lr', lr],
    ...group('terms', terms),
    ['sampling/weighted_loss', more.weighted],
    ...group('sampling', more.sampling),
    ...group('validation', metrics),
    ['fidelity/length', length],
    ['fidelity/side', side],
    ['time/step_seconds', seconds],
    ['time/waiting_for_data_seconds', wait],
    ['memory/resident_MiB', rssMiB],
  ];
  return named.filter((pair): pair is [string, number] => typeof pair[1] === 'number');
}

/** A TFRecord: the length and the data, each followed by its masked CRC-32C. */
function frame(data: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeUInt32LE(data.length);
  return concat(length, masked(length), data, masked(data));
}

function masked(data: Buffer): Buffer {
  const crc = crc32c(data);
  const out = Buffer.alloc(4);
  out.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
  return out;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** CRC-32C (Castagnoli) of some bytes. */
export function crc32c(data: Uint8Array): number {
  let crc = ~0;
  for (const byte of data) crc = crcTable[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

function wallTime({ time }: LogRecord): Buffer {
  const seconds = typeof time === 'string' ? Date.parse(time) / 1000 : Date.now() / 1000;
  const out = Buffer.alloc(9, (1 << 3) | 1);
  out.writeDoubleLE(seconds, 1);
  return out;
}

function varint(field: number, value: number): Buffer {
  const bytes = [field << 3];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return Buffer.from([...bytes, value]);
}

function float(field: number, value: number): Buffer {
  const out = Buffer.alloc(5, (field << 3) | 5);
  out.writeFloatLE(value, 1);
  return out;
}

function text(field: number, value: string): Buffer {
  return message(field, Buffer.from(value));
}

function message(field: number, body: Buffer): Buffer {
  const [, ...length] = varint(0, body.length);
  return concat(Buffer.from([(field << 3) | 2, ...length]), body);
}

function concat(...parts: Buffer[]): Buffer {
  return Buffer.concat(parts);
}
