import assert from 'node:assert/strict';
import childProcess, { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { mock, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import PQueue from 'p-queue';
import { randomStream, type Random } from '../../src/engine/random.js';
import { WorkError } from '../../src/system/errors.js';
import { startThread } from '../../src/system/thread.js';
import { decodeFrames } from '../../src/video/decode.js';
import { probe } from '../../src/video/probe.js';
import { endAllFfmpeg, runFfmpeg } from '../../src/video/process.js';
import { codecs, testVideo, whole } from '../support/videos.js';
import { temporaryFolder } from '../support/temporary.js';

const folder = temporaryFolder();
const file = (name: string) => path.join(folder, name);

const spawn = mock.method(childProcess, 'spawn');
syncBuiltinESMExports();

const atoms = ['moov', 'trak', 'mdia', 'stbl', 'stts', 'stsz', 'stsc', 'stco', 'ctts', 'stsd', 'elst', 'avcC', 'mdat'];

/** A copy of a good mp4 file with one kind of harm done to it. */
function mutate(good: Buffer, random: Random): Buffer {
  const bytes = Buffer.from(good);
  const header = bytes.indexOf('moov') + random.below(1500);
  const anywhere = () => random.below(bytes.length - 64);
  const harms: (() => Buffer | number | undefined)[] = [
    () => flip(bytes, random, 0, bytes.length),
    () => flip(bytes, random, bytes.indexOf('moov'), 1500),
    () => bytes.subarray(0, random.below(bytes.length)),
    () => bytes.copy(bytes, anywhere(), anywhere(), anywhere()),
    () => bytes.fill(0, anywhere(), anywhere()),
    () => bytes.writeUInt32BE(random.below(2) ? 0xffff_fff0 : random.below(2 ** 31), header),
    () => {
      const at = bytes.indexOf(atoms[random.below(atoms.length)]!);
      // An atom's size precedes its name; the number of its entries follows version and flags.
      return at < 0
        ? undefined
        : bytes.writeUInt32BE(random.below(2) ? 0x7fff_ffff : 0xffff_ffff, at + (random.below(2) ? -4 : 8));
    },
  ];
  const harmed = harms[random.below(harms.length)]!();
  return harmed instanceof Buffer ? harmed : bytes;
}

/** Flips up to 30 bits in a part of a file. */
function flip(bytes: Buffer, random: Random, from: number, length: number): Buffer {
  for (let bits = 1 + random.below(30); bits > 0; bits--) {
    const at = from + random.below(length);
    bytes[at]! ^= 1 << random.below(8);
  }
  return bytes;
}

/** Largest resident size that a process has had, MiB; 0 where this cannot be read or it has ended. */
function peak(child: ChildProcess): number {
  try {
    return Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${child.pid!}/status`, 'latin1'))![1]) / 1024;
  } catch {
    return 0;
  }
}

test('three hundred mutations: each is decoded or refused, in little time and memory', async () => {
  const codec = [...codecs.h264, '-movflags', 'faststart'];
  const good = readFileSync(testVideo(file('good.mp4'), { seconds: 0.6, codec }));
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', onUnhandled);
  const before = process.memoryUsage.rss();
  let [grown, ffmpegPeak, slowest, decoded] = [0, 0, 0, 0];
  const watch = setInterval(() => {
    grown = Math.max(grown, process.memoryUsage.rss() - before);
    for (const { result } of spawn.mock.calls) ffmpegPeak = Math.max(ffmpegPeak, result ? peak(result) : 0);
    if (spawn.mock.callCount() > 40) spawn.mock.resetCalls();
  }, 10);
  const refused = (error: unknown) => {
    assert.ok(error instanceof WorkError, String(error));
    assert.ok(!error.message.includes('\n'), error.message);
  };
  const queue = new PQueue({ concurrency: 3 });
  await queue.addAll(
    Array.from({ length: 300 }, (_, i) => async () => {
      const name = file(`${i}.mp4`);
      writeFileSync(name, mutate(good, randomStream(1, 'mutation', i)));
      const started = Date.now();
      const info = await probe(name).catch(refused);
      const indices = info ? [0, info.frames >> 1, info.frames - 1] : [0];
      const bytes = await decodeFrames(name, { indices, ...whole(64, 48) }).catch(refused);
      if (bytes) assert.equal(bytes.length, indices.length * 64 * 48 * 3);
      if (info && bytes) decoded++;
      slowest = Math.max(slowest, Date.now() - started);
      rmSync(name);
    }),
  );
  clearInterval(watch);
  process.off('unhandledRejection', onUnhandled);
  assert.deepEqual(unhandled, []);
  assert.ok(decoded > 50 && decoded < 280, `${decoded} decoded`);
  assert.ok(slowest < 10_000, `${slowest} ms`);
  assert.ok(grown < 200 * 2 ** 20, `grown by ${grown >> 20} MiB`);
  assert.ok(ffmpegPeak < 400, `ffmpeg took ${ffmpegPeak} MiB`);
});

test('pictures that claim to be huge are refused before memory is taken for them', async () => {
  const bytes = readFileSync(testVideo(file('small.avi'), { seconds: 0.2, codec: ['mjpeg'], pixels: 'yuvj420p' }));
  for (let at = bytes.indexOf('ffc0', 'hex'); at >= 0; at = bytes.indexOf('ffc0', at + 1, 'hex')) {
    bytes.writeUInt16BE(30_000, at + 5);
    bytes.writeUInt16BE(30_000, at + 7);
  }
  writeFileSync(file('huge.avi'), bytes);
  let most = 0;
  spawn.mock.resetCalls();
  const watch = setInterval(() => {
    for (const { result } of spawn.mock.calls) most = Math.max(most, result ? peak(result) : 0);
  }, 5);
  const started = Date.now();
  await assert.rejects(probe(file('huge.avi')), /huge\.avi: .*(30000x30000|[Pp]icture size)/);
  await assert.rejects(decodeFrames(file('huge.avi'), { indices: [0], ...whole(64, 48) }), WorkError);
  clearInterval(watch);
  assert.ok(Date.now() - started < 10_000);
  assert.ok(most < 300, `ffmpeg took ${most} MiB`);
});

/** ffmpeg's arguments for an output without end. */
const endless = ['-re', '-f', 'lavfi', '-i', 'testsrc2=s=16x16:r=20', '-f', 'rawvideo', 'pipe:1'];

test('endAllFfmpeg ends what runs, and those who wait are told', async () => {
  const ends = await Promise.all([1, 2].map(() => runFfmpeg(endless, endAllFfmpeg)));
  assert.deepEqual(
    ends.map(({ ok, reason }) => [ok, reason]),
    [
      [false, 'killed by SIGKILL'],
      [false, 'killed by SIGKILL'],
    ],
  );
});

// An ffmpeg that outputs frames finds the pipe closed; a silent one has to be killed.
for (const [how, rate] of [
  ['exits', '1/3600'],
  ['is terminated', '20'],
] as const) {
  test(`ffmpeg does not outlive a thread that ${how}`, async () => {
    const worker = startThread(new URL('./endless-worker.ts', import.meta.url), rate);
    const [pid] = (await once(worker, 'message')) as [number];
    assert.ok(isRunning(pid));
    const exited = once(worker, 'exit');
    if (how === 'exits') worker.postMessage('exit');
    else void worker.terminate();
    await exited;
    for (const until = Date.now() + 10_000; isRunning(pid) && Date.now() < until;) await setTimeout(20);
    assert.ok(!isRunning(pid), 'ffmpeg still runs');
  });
}

/** Whether a process is running. One that has ended but has not been waited for is not. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}
