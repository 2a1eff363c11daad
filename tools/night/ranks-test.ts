/**
 * Kills or stops random ranks of a `lofi run --ranks N` again and again, starts it each time by the same command, and
 * compares the result with that of one process that was left alone. Run it after `npm run build`:
 *
 *   npx tsx tools/night/ranks-test.ts --out /tmp/ranks --ranks 2 --kills 20 --stops 5 --seed 1
 *
 * The moments are spread over the steps of all stages by `--seed`. A rank that is stopped (SIGSTOP) answers no more,
 * but keeps its connections. Each rank has one thread. Prints one JSON document; the exit code is 1 if a
 * run hangs, leaves a process behind or ends at other bits.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import yargs from 'yargs';
import { randomStream } from '../../src/engine/random.js';
import { differing, lofi, outcomeOf, repository } from './outcome.js';

const args = yargs(process.argv.slice(2))
  .options({
    out: { type: 'string', demandOption: true, describe: 'folder for the runs `alone` and `killed`' },
    config: { type: 'string', default: 'configs/tiny.yaml' },
    set: {
      type: 'string',
      array: true,
      nargs: 1,
      default: ['pretrain.microBatch=4', 'joint.microBatch=2', 'head.microBatch=2'],
    },
    ranks: { type: 'number', default: 2 },
    kills: { type: 'number', default: 20, describe: 'times that a rank gets SIGKILL' },
    stops: { type: 'number', default: 5, describe: 'times that a rank gets SIGSTOP' },
    seconds: { type: 'number', default: 20, describe: 'LOFI_RANK_SECONDS: how long ranks wait for each other' },
    port: { type: 'number', default: 43_000 },
    seed: { type: 'number', default: 1 },
  })
  .strict()
  .parseSync();

/** Seconds that ranks get to end after one has failed, and some for a loaded machine. */
const grace = 20 + 30;

interface Harm {
  signal: 'SIGKILL' | 'SIGSTOP';
  rank: number;
  /** The last record of the log. */
  where: string;
  /** The exit code of the command. */
  code: number | null;
  /** Seconds from the signal to the end of all processes. */
  seconds: number;
  /** The errors that ranks have said. */
  said: string[];
}

const alone = path.join(args.out, 'alone');
const killed = path.join(args.out, 'killed');
const often = ['--set=checkpoint.everySteps=1', '--set=checkpoint.keepLast=3'];
const settings = ['--config', args.config, ...args.set.flatMap((set) => ['--set', set])];

function start(folder: string, more: string[], port: number) {
  const child = spawn(process.execPath, [lofi, 'run', ...settings, '--run', folder, ...more], {
    cwd: repository,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      TF_NUM_INTRAOP_THREADS: '1',
      LOFI_RANK_SECONDS: String(args.seconds),
      LOFI_PORT: String(port),
    },
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  return { child, said: () => said, ended: once(child, 'close') as Promise<[number | null]> };
}

/** The ranks that a command has started, in their order. */
function ranksOf(parent: number): number[] {
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && parentOf(name) === parent);
  return children.map(Number).sort((a, b) => a - b);
}

function parentOf(pid: string): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return null;
  }
}

const isThere = (pid: number) => existsSync(`/proc/${pid}`);

function records(): { count: number; where: string } {
  const file = path.join(killed, 'metrics.jsonl');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  const { stage = 'start', step = 0 } = JSON.parse(lines.at(-1) ?? '{}') as { stage?: string; step?: number };
  return { count: lines.length, where: `${stage} ${step}` };
}

/** Runs until the log has so many records, and harms a rank. Returns null where the run came to its end before. */
async function harm(signal: Harm['signal'], target: number, rank: number, delay: number, port: number) {
  const { child, said, ended } = start(killed, ['--ranks', String(args.ranks), ...often], port);
  const state = { over: false };
  void ended.then(() => (state.over = true));
  const before = records().count;
  while (!state.over && (records().count < target || records().count === before)) await sleep(10);
  await sleep(delay);
  const pids = ranksOf(child.pid!);
  if (state.over || pids.length < args.ranks) {
    const [code] = await ended;
    if (code !== 0) throw new Error(`lofi run ended with ${code}: ${said().slice(-2000)}`);
    return null;
  }
  const { where } = records();
  const sent = performance.now();
  process.kill(pids[rank]!, signal);
  const limit = args.seconds + grace;
  const code = await Promise.race([ended.then(([code]) => code), sleep(limit * 1000, 'hangs' as const)]);
  if (code === 'hangs') {
    for (const pid of [child.pid!, ...pids]) if (isThere(pid)) process.kill(pid, 'SIGKILL');
    throw new Error(`${signal} of rank ${rank} at ${where}: not over after ${limit} s: ${said()}`);
  }
  const left = pids.filter(isThere);
  if (left.length > 0) throw new Error(`${signal} of rank ${rank} at ${where}: processes left: ${left.join(', ')}`);
  const errors = said()
    .split('\n')
    .filter((line) => line.includes('lofi:'));
  return { signal, rank, where, code, seconds: Math.round((performance.now() - sent) / 100) / 10, said: errors };
}

async function finish(folder: string, more: string[], port: number): Promise<void> {
  const { said, ended } = start(folder, more, port);
  const [code] = await ended;
  if (code !== 0) throw new Error(`lofi run ended with ${code}: ${said().slice(-2000)}`);
}

if (existsSync(killed)) throw new Error(`${killed} exists already: delete it, or give another --out`);
await finish(alone, [], args.port);
const total = readFileSync(path.join(alone, 'metrics.jsonl'), 'utf8').split('\n').length - 1;
const random = randomStream(args.seed, 'ranks-test');
const plan = random
  .shuffled([
    ...Array<Harm['signal']>(args.kills).fill('SIGKILL'),
    ...Array<Harm['signal']>(args.stops).fill('SIGSTOP'),
  ])
  .map((signal) => ({
    signal,
    target: random.below(total),
    rank: random.below(args.ranks),
    delay: random.between(0, 400),
  }))
  .sort((a, b) => a.target - b.target);
const done: Harm[] = [];
for (const [i, { signal, target, rank, delay }] of plan.entries()) {
  // A port may still be taken for a moment by what was killed.
  const one = await harm(signal, target, rank, delay, args.port + 10 * (i + 1));
  if (one === null) break;
  done.push(one);
  process.stderr.write(
    `${i + 1}/${plan.length}: ${signal} rank ${rank}, ${one.where}: ${one.code}, ${one.seconds} s\n`,
  );
}
await finish(killed, ['--ranks', String(args.ranks), ...often], args.port + 5);
const different = differing(outcomeOf(alone), outcomeOf(killed));
const result = {
  ...{ seed: args.seed, ranks: args.ranks, seconds: args.seconds },
  kills: done.filter(({ signal }) => signal === 'SIGKILL').length,
  stops: done.filter(({ signal }) => signal === 'SIGSTOP').length,
  slowest: Math.max(...done.map(({ seconds }) => seconds)),
  different,
  done,
};
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
if (different.length > 0 || done.some(({ code }) => code === 0)) process.exitCode = 1;
