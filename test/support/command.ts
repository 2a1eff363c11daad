import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A running command. */
export interface Started {
  child: ChildProcess;
  ended: Promise<Ended>;
}

/**
 * Starts `lofi` as its users do, in the checkout's folder: the build if it is newer than all
 * sources, otherwise the sources.
 */
export function start(...args: string[]): Started {
  const child = spawn(process.execPath, [...entry(), ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close').then((args): Ended => {
    const [code, signal] = args as [number | null, NodeJS.Signals | null];
    return { code, signal, stdout, stderr };
  });
  return { child, ended };
}

/** Runs `lofi` to its end. */
export function run(...args: string[]): Promise<Ended> {
  return start(...args).ended;
}

function entry(): string[] {
  const built = path.join(root, 'dist', 'cli', 'main.js');
  if (existsSync(built) && oldest(path.join(root, 'dist')) > newest(path.join(root, 'src'))) return [built];
  return ['--import', 'tsx', path.join(root, 'src', 'cli', 'main.ts')];
}

const newest = (folder: string) => Math.max(...times(folder));
const oldest = (folder: string) => Math.min(...times(folder));

function times(folder: string): number[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => /\.[jt]s$/.test(entry.name))
    .map((entry) => statSync(path.join(entry.parentPath, entry.name)).mtimeMs);
}
