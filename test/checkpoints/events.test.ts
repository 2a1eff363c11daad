import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { EventLog, crc32c } from '../../src/checkpoints/events.js';
import { startEngine } from '../../src/engine/backend.js';
import { temporaryFolder } from '../support/temporary.js';

const step = (n: number, changes = {}) => ({
  stage: 'joint',
  step: n,
  epoch: 1,
  loss: 2 / n,
  terms: { start: 0.5, end: 0.25 },
  lr: 0.1,
  shape: '48x32',
  seconds: 1.5,
  wait: 0.25,
  rssMiB: 900,
  tensors: 812,
  time: '2026-01-01T00:00:00.500Z',
  ...changes,
});

interface Event {
  time: number;
  step: number;
  version: string;
  started: boolean;
  scalars: Record<string, number>;
}

/** The fields of a protobuf message: numbers as numbers, fields with a length as bytes. */
function fields(data: Buffer): [field: number, value: number | Buffer][] {
  const found: [number, number | Buffer][] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = data[at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  const take = (length: number) => data.subarray(at, (at += length));
  while (at < data.length) {
    const key = varint();
    const wire = key & 7;
    const value =
      wire === 0 ? varint() : wire === 1 ? take(8).readDoubleLE() : wire === 2 ? take(varint()) : take(4).readFloatLE();
    found.push([key >> 3, value]);
  }
  return found;
}

/** Reads an event file as TensorBoard does: both checksums of every record must fit. */
function readEvents(file: string): Event[] {
  const data = readFileSync(file);
  const events: Event[] = [];
  const check = (bytes: Buffer, at: number) => {
    const unmasked = (data.readUInt32LE(at) - 0xa282ead8) >>> 0;
    assert.equal(((unmasked << 15) | (unmasked >>> 17)) >>> 0, crc32c(bytes));
  };
  for (let at = 0; at < data.length;) {
    const length = Number(data.readBigUInt64LE(at));
    const body = data.subarray(at + 12, at + 12 + length);
    check(data.subarray(at, at + 8), at + 8);
    check(body, at + 12 + length);
    at += 16 + length;
    const event: Event = { time: 0, step: 0, version: '', started: false, scalars: {} };
    for (const [field, value] of fields(body)) {
      if (field === 1) event.time = value as number;
      if (field === 2) event.step = value as number;
      if (field === 3) event.version = String(value);
      if (field === 7) event.started = fields(value as Buffer).some(([f, v]) => f === 1 && v === 1);
      if (field !== 5) continue;
      for (const [, summary] of fields(value as Buffer)) {
        const [tag, scalar] = fields(summary as Buffer);
        event.scalars[String(tag![1])] = scalar![1] as number;
      }
    }
    events.push(event);
  }
  return events;
}

function onlyFile(folder: string): string {
  const names = readdirSync(folder);
  assert.equal(names.length, 1, names.join());
  return path.join(folder, names[0]!);
}

describe('EventLog', () => {
  it('says what metrics.jsonl says', (t) => {
    const folder = path.join(temporaryFolder(t), 'events', 'joint');
    const log = new EventLog(folder, []);
    log.append(step(1));
    log.append({ stage: 'joint', step: 300, epoch: 2, metrics: { mAP: 0.375 }, time: '2026-01-01T00:01:00Z' });
    const [version, start, first, second] = readEvents(onlyFile(folder));
    assert.equal(version!.version, 'brain.Event:2');
    assert.ok(start!.started && start!.step === 0);
    assert.equal(first!.time, Date.UTC(2026, 0, 1) / 1000 + 0.5);
    assert.equal(first!.step, 1);
    const { lr, ...exact } = first!.scalars;
    assert.equal(lr, Math.fround(0.1));
    assert.deepEqual(exact, {
      epoch: 1,
      loss: 2,
      'terms/start': 0.5,
      'terms/end': 0.25,
      'fidelity/length': 48,
      'fidelity/side': 32,
      'time/step_seconds': 1.5,
      'time/waiting_for_data_seconds': 0.25,
      'memory/resident_MiB': 900,
    });
    assert.equal(second!.step, 300);
    assert.deepEqual(second!.scalars, { 'validation/mAP': 0.375 });
  });

  it('has every step once after an interruption, in a file that comes after the earlier one', (t) => {
    const folder = temporaryFolder(t);
    const interrupted = new EventLog(folder, []);
    for (const n of [1, 2, 3]) interrupted.append(step(n));
    const before = onlyFile(folder);
    appendFileSync(before, 'torn');
    // The run is resumed from the checkpoint of step 2.
    const resumed = new EventLog(folder, [step(1), step(2)]);
    resumed.append(step(3, { loss: 0.75 }));
    const after = onlyFile(folder);
    assert.ok(path.basename(after) > path.basename(before));
    const events = readEvents(after).slice(2);
    assert.deepEqual(
      events.map((event) => [event.step, event.scalars.loss]),
      [
        [1, 2],
        [2, 1],
        [3, 0.75],
      ],
    );
  });

  it('leaves out what is no number, and takes long steps and names', (t) => {
    const folder = temporaryFolder(t);
    const name = 'ü'.repeat(200);
    const log = new EventLog(folder, []);
    log.append({ step: 5_000_000_000, metrics: { [name]: 1, none: null } });
    const [, , event] = readEvents(onlyFile(folder));
    assert.equal(event!.step, 5_000_000_000);
    assert.deepEqual(event!.scalars, { [`validation/${name}`]: 1 });
  });
});

describe('the records of an event file', () => {
  it('have the checksum that the standard gives', () => {
    assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
    assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa); // RFC 3720, B.4
  });

  it("are framed as the engine's own writer frames them", async (t) => {
    if ((await startEngine()).name !== 'tensorflow') {
      t.skip('the wasm engine has no writer');
      return;
    }
    const folder = temporaryFolder(t);
    const backend = tf.backend() as unknown as {
      summaryWriter(folder: string): unknown;
      createSummaryFileWriter(writer: unknown, folder: string, queue: number, millis: number, suffix: string): void;
      writeScalarSummary(writer: unknown, step: number, name: string, value: number): void;
      flushSummaryWriter(writer: unknown): void;
    };
    const writer = backend.summaryWriter(folder);
    backend.createSummaryFileWriter(writer, folder, 10, 1000, '.v2');
    for (const n of [1, 2, 300]) backend.writeScalarSummary(writer, n, 'loss', 1 / n);
    backend.flushSummaryWriter(writer);
    const events = readEvents(onlyFile(folder));
    assert.equal(events[0]!.version, 'brain.Event:2');
    assert.deepEqual(
      events.slice(1).map((event) => event.step),
      [1, 2, 300],
    );
  });
});
