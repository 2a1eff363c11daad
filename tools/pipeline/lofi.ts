import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const command = path.resolve(import.meta.dirname, '../../dist/cli/main.js');

/** The options that set keys of a configuration. */
export const setOptions = (settings: readonly string[]) => settings.flatMap((one) => ['--set', one]);

/** A command line as somebody may type it. None of its words contains a quote. */
export const commandLine = (words: readonly string[]) =>
  words.map((word) => (/[^\w./=:,+-]/.test(word) ? `'${word}'` : word)).join(' ');

/** Runs the built command. If it fails, this process exits with the same code. */
export function lofi(args: readonly string[]): void {
  const { status } = spawnSync(process.execPath, [command, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) process.exit(status ?? 1);
}

/**
 * Copies stage 1 of another run, and its synthetic videos if it has some, into a new run folder. For runs that
 * differ only in later stages.
 */
export function shareStage1(from: string, to: string): void {
  if (existsSync(path.join(to, 'store'))) return;
  for (const part of ['data', 'store/pretrain']) {
    if (existsSync(path.join(from, part))) cpSync(path.join(from, part), path.join(to, part), { recursive: true });
  }
  const lines = readFileSync(path.join(from, 'metrics.jsonl'), 'utf8').split('\n');
  const ofStage1 = lines.filter((line) => line.startsWith('{"stage":"pretrain"'));
  writeFileSync(path.join(to, 'metrics.jsonl'), ofStage1.map((line) => `${line}\n`).join(''));
}
