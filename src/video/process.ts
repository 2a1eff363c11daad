import { spawn } from 'node:child_process';
import path from 'node:path';
import { findFfmpeg } from './ffmpeg.js';

/** How an ffmpeg process ended. */
export interface FfmpegEnd {
  /** Exit status 0. */
  ok: boolean;
  /** Why it failed, in one line of ffmpeg's own words; empty when it said nothing. */
  reason: string;
}

/**
 * Runs ffmpeg and hands its standard output over as it comes. It reads local files only, whatever a playlist asks for.
 *
 * @param onOutput must be done with the bytes when it returns: the pipe is read no faster than that, so memory is bounded.
 * @param silence seconds without output after which the process counts as stuck and is killed.
 */
export function runFfmpeg(
  args: readonly string[],
  onOutput: (chunk: Buffer) => void,
  { silence = 60 }: { silence?: number } = {},
): Promise<FfmpegEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      findFfmpeg().path,
      ['-hide_banner', '-nostdin', '-loglevel', 'error', '-protocol_whitelist', 'file,pipe', ...args],
      { stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true },
    );
    let errors = '';
    let failure: Error | undefined;
    // Ticks are counted, not time: a step of the engine that blocks this thread for minutes is one tick, not a stuck ffmpeg.
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

    child.stdout.on('data', (chunk: Buffer) => {
      quietTicks = 0;
      if (failure) return;
      try {
        onOutput(chunk);
      } catch (error) {
        failure = error instanceof Error ? error : new Error(String(error));
        child.kill('SIGKILL');
      }
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-8192);
    });
    child.on('error', (error) => {
      clearInterval(watch);
      reject(error);
    });
    child.on('close', (code, signal) => {
      clearInterval(watch);
      if (failure) reject(failure);
      else if (stuck) resolve({ ok: false, reason: `no output for ${silence} s, ended` });
      else resolve({ ok: code === 0, reason: errorReason(errors) || (signal ? `ended by ${signal}` : '') });
    });
  });
}

/** A path as ffmpeg's input: never taken for an option or a protocol, whatever the file is called. */
export function inputFile(file: string): string {
  return `file:${path.resolve(file)}`;
}

/** The two most telling lines of ffmpeg's error output as one line of printable characters. */
export function errorReason(errors: string): string {
  const lines = errors
    .split(/[\r\n]+/)
    .map((line) =>
      line
        .replace(/^(\[[^\]]* @ 0x[0-9a-f]+\] *)+/, '')
        .replace(/\p{Cc}/gu, ' ')
        .trim(),
    )
    .filter(
      (line) => line !== '' && !/^(Error opening (in|out)put files?\b|To ignore this|Last message repeated)/.test(line),
    )
    .map((line) => (line.length > 160 ? `${line.slice(0, 160)}…` : line));
  return [...new Set(lines)].slice(0, 2).join('; ');
}
