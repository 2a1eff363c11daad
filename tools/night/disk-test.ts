/**
 * Fills the disk during a `lofi run` again and again, each time for a while, and compares the final result with that of
 * a run that had enough space. OUT should be on a small file system of its own (on Linux, as root: mount -t tmpfs -o
 * size=40m tmpfs OUT). Run it after `npm run build`:
 *
 *   npx tsx tools/night/disk-test.ts --out OUT --alone /tmp/kills/alone
 *
 * `--alone` is a finished run of the same configuration. Prints one JSON document; the exit
 * code is 1 if anything differs.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import yargs from 'yargs';
import { isDiskFull } from '../../src/system/files/disk.js';
import { differing, lofi, outcomeOf, repository } from './outcome.js';

const args = yargs(process.argv.slice(2))
  .options({
    out: { type: 'string', demandOption: true, describe: 'folder on a small file system' },
    alone: { type: 'string', demandOption: true, describe: 'a finished run that had room' },
    config: { type: 'string', default: 'configs/tiny.yaml' },
    full: { type: 'number', default: 2, describe: 'seconds that the disk is full' },
    free: { type: 'number', default: 1, describe: 'seconds that it has room in between' },
  })
  .strict()
  .parseSync();

const folder = path.join(args.out, 'run');
const filler = path.join(args.out, 'filler');

/** Takes all the free space of the disk. */
function fill(): void {
  const file = openSync(filler, 'w');
  try {
    for (let size = 2 ** 20; size >= 1; size = Math.floor(size / 2)) takeAll(file, Buffer.alloc(size));
  } finally {
    closeSync(file);
  }
}

function takeAll(file: number, bytes: Buffer): void {
  try {
    for (;;) writeSync(file, bytes);
  } catch (error) {
    if (!isDiskFull(error)) throw error;
  }
}

/** Length of the log in bytes. */
function logged(): number {
  return statSync(path.join(folder, 'metrics.jsonl'), { throwIfNoEntry: false })?.size ?? 0;
}

/** The manifests of all checkpoints. */
function checkpoints(): string[] {
  const store = path.join(folder, 'store');
  if (!existsSync(store)) return [];
  return readdirSync(store, { recursive: true, encoding: 'utf8' }).filter((name) => /\/\d+\.json$/.test(name));
}

const result = { seconds: 0, fills: 0, starts: 0, warnings: 0, lost: 0, different: [] as string[] };
const begun = performance.now();
let said = '';
for (let code: number | null = null; code !== 0;) {
  if (++result.starts > 10) throw new Error(`lofi run does not come to an end: ${said.slice(-2000)}`);
  const settings = ['--config', args.config, '--set', 'checkpoint.everySteps=1'];
  const child = spawn(process.execPath, [lofi, 'run', ...settings, '--run', folder], {
    cwd: repository,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const state = { over: false };
  const ended = once(child, 'close').then(([status]) => {
    state.over = true;
    return status as number | null;
  });
  const before = logged();
  while (!state.over) {
    // The disk is filled only once the run has begun, because a run that cannot even begin is not tested here.
    if (logged() > before) {
      const kept = checkpoints();
      fill();
      result.fills++;
      await sleep(args.full * 1000);
      if (kept.length > 0 && checkpoints().length === 0) result.lost++;
      rmSync(filler, { force: true });
    }
    await sleep(args.free * 1000);
  }
  code = await ended;
}
rmSync(filler, { force: true });
result.seconds = Math.round((performance.now() - begun) / 1000);
result.warnings = said.split('\n').filter((line) => line.startsWith('WARNING: DISK FULL')).length;
result.different = differing(outcomeOf(args.alone), outcomeOf(folder));
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
process.stderr.write(said);
if (result.different.length > 0 || result.lost > 0) process.exitCode = 1;
