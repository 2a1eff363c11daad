import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { statSync } from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { WorkError } from '../system/errors.js';
import { containerFormats } from './container-formats.js';
import { findFfmpeg } from './ffmpeg.js';

/** How an ffmpeg process ended. */
export interface FfmpegEnd {
  /** Whether the exit status was 0. */
  ok: boolean;
  /** Why it failed, in one line of ffmpeg's own words; empty when ffmpeg printed nothing. */
  reason: string;
  /** Number of lines with errors on stderr. It is above 0 in a process that succeeded if ffmpeg concealed damage. */
  errors: number;
}

/**
 * Receives a part of ffmpeg's output. It must not use the bytes after it returns. The pipe is read no faster than
 * it runs, which bounds memory.
 */
export type Receiver = (chunk: Buffer) => void;

/**
 * Limits on what a hostile file may claim: a frame has at most the pixels of 8K DCI, and a single allocation at most
 * the bytes of such a frame in 16-bit RGBA.
 */
const maxPixels = 8192 * 4320;
const maxAllocation = maxPixels * 8;

/** The processes started by this thread that have not ended. */
const running = new Set<ChildProcess>();

/** Kills every ffmpeg of this thread, so that whatever waits for them fails. For a worker that is about to be ended. */
export function endAllFfmpeg(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** Starts ffmpeg, which is killed at the latest when this thread exits. */
export function startFfmpeg(args: readonly string[], stdio: StdioOptions): ChildProcess {
  const common = ['-hide_banner', '-nostdin', '-loglevel', 'repeat+error'];
  const limits = ['-max_alloc', String(maxAllocation)];
  // In a process group of its own, Ctrl-C does not reach it: the reads of a run that saves
  // before it stops must not fail.
  const options = { stdio, windowsHide: true, detached: process.platform !== 'win32' };
  const child = spawn(findFfmpeg().path, [...common, ...limits, ...args], options);
  if (running.size === 0) process.once('exit', endAllFfmpeg);
  running.add(child);
  const forget = () => {
    running.delete(child);
    if (running.size === 0) process.off('exit', endAllFfmpeg);
  };
  child.once('exit', forget).once('error', forget);
  return child;
}

/**
 * Runs ffmpeg and passes its output on as it arrives: `pipe:1` to the first receiver, `pipe:3` to the
 * second, `pipe:4` to the third.
 *
 * @param options - `silence`: seconds without output after which the process counts as stuck and is killed; `onLine`:
 * receives every line of stderr.
 */
export function runFfmpeg(
  args: readonly string[],
  receivers: Receiver | readonly Receiver[],
  { silence = 120, onLine }: { silence?: number; onLine?: (line: string) => void } = {},
): Promise<FfmpegEnd> {
  const [first, ...others] = typeof receivers === 'function' ? [receivers] : receivers;
  return new Promise((resolve, reject) => {
    const child = startFfmpeg(args, ['ignore', 'pipe', 'pipe', ...others.map(() => 'pipe' as const)]);
    const said = new ErrorLines(onLine);
    let failure: Error | undefined;
    // Ticks are counted rather than time: a step of the engine that blocks this thread for minutes is one
    // tick, and ffmpeg is not stuck.
    let quietTicks = 0;
    let stuck = false;
    const watch = setInterval(
      () => {
        if (++quietTicks < 12) return;
        stuck = true;
        child.kill('SIGKILL');
      },
      (silence * 1000) / 12,
    );

    [first!, ...others].forEach((receive, i) => {
      (child.stdio[i === 0 ? 1 : i + 2] as Readable).on('data', (chunk: Buffer) => {
        quietTicks = 0;
        if (failure) return;
        try {
          receive(chunk);
        } catch (error) {
          failure = error instanceof Error ? error : new Error(String(error));
          child.kill('SIGKILL');
        }
      });
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      said.add(text);
    });
    child.on('error', (error) => {
      clearInterval(watch);
      reject(error);
    });
    child.on('close', (code, signal) => {
      clearInterval(watch);
      const errors = said.count();
      if (failure) reject(failure);
      else if (stuck) resolve({ ok: false, reason: `no output for ${silence} s, so it was killed`, errors });
      else resolve({ ok: code === 0, reason: said.reason() || (signal ? `killed by ${signal}` : ''), errors });
    });
  });
}

/**
 * A path as ffmpeg's input, in a form that is never taken for an option or a protocol. Only files of video formats are
 * opened, never lists of other files, and ffmpeg opens nothing besides this file, whatever is in it.
 *
 * @throws WorkError when it is a folder, a pipe or a device: opening a pipe would wait for its writer, maybe for ever.
 */
export function inputFile(file: string): string[] {
  if (isIrregular(file)) throw new WorkError(`not a readable video: ${file}: it is not a regular file`);
  // prettier-ignore
  return [
    '-protocol_whitelist', 'file', '-format_whitelist', containerFormats.join(','),
    '-max_pixels', String(maxPixels), '-i', `file:${path.resolve(file)}`,
  ];
}

/** Whether a path leads to a folder, a pipe or a device. */
export function isIrregular(file: string): boolean {
  try {
    return !statSync(file).isFile();
  } catch {
    // ffmpeg's message says best why a file cannot be reached.
    return false;
  }
}

/** ffmpeg's name for a video stream, counted among those that are not cover pictures. */
export function videoStream(stream = 0, input = 0): string {
  return `${input}:V:${stream}`;
}

/** Counts the lines of ffmpeg's error output and keeps the first ones, from which the others mostly follow. */
class ErrorLines {
  private head = '';
  private lines = 0;
  private open = false;
  private rest = '';

  constructor(private readonly onLine?: (line: string) => void) {}

  add(text: string): void {
    if (this.onLine) {
      const lines = (this.rest + text).split('\n');
      this.rest = lines.pop()!;
      lines.forEach(this.onLine);
    }
    if (this.head.length < 8192) this.head += text;
    this.lines += text.split('\n').length - 1;
    this.open = !text.endsWith('\n');
  }

  count(): number {
    return this.lines + (this.open ? 1 : 0);
  }

  reason(): string {
    return errorReason(this.head);
  }
}

/** The two most telling lines of ffmpeg's error output, as one line of printable characters. */
export function errorReason(errors: string): string {
  const lines = errors
    .split(/[\r\n]+/)
    .map((line) =>
      line
        .replace(/^(\[[^\]]* @ 0x[0-9a-f]+\] *)+/, '')
        .replace(/\p{Cc}/gu, ' ')
        .trim(),
    )
    .filter((line) => line !== '' && !/^(Error opening (in|out)put files?\b|To ignore this)/.test(line))
    .map((line) => (line.length > 160 ? `${line.slice(0, 160)}…` : line));
  if (lines.some((line) => line.startsWith('Format not on whitelist')))
    return 'it is not in a format of videos that holds its pictures itself';
  return [...new Set(lines)].slice(0, 2).join('; ');
}
