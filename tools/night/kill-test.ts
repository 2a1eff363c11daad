/**
 * Kills a `lofi run` again and again, restarts it each time, and compares the final result with that of a run that was
 * left alone. Run it after `npm run build`:
 *
 *   npx tsx tools/night/kill-test.ts --out /tmp/kills --kills 30 --seed 1
 *   npx tsx tools/night/kill-test.ts --out /tmp/stops --kills 12 --signal SIGTERM
 *   npx tsx tools/night/kill-test.ts --out /tmp/history --kills 12 --sampler history
 *   npx tsx tools/night/kill-test.ts --out /tmp/pretext --kills 12 --pretext
 *   npx tsx tools/night/kill-test.ts --out runs/night --config configs/fir-gtad.yaml --set data.root=DIR --kills 8
 *
 * The moments are spread over the steps of all stages by `--seed`. Every second one waits until a file of the
 * store is being written. A finished run in OUT/alone is used as it is. Prints one JSON document; the exit
 * code is 1 if anything differs.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, watch, type FSWatcher } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import yargs from 'yargs';
import { randomStream } from '../../src/engine/random.js';
import { differing, lofi, outcomeOf, repository } from './outcome.js';

const args = yargs(process.argv.slice(2))
  .options({
    out: { type: 'string', demandOption: true, describe: 'folder for the runs `alone` and `killed`' },
    config: { type: 'string', default: 'configs/tiny.yaml' },
    set: { type: 'string', array: true, nargs: 1, default: [] as string[] },
    sampler: { choices: ['history', 'classGaussian', 'model'] as const, describe: 'sampler.type of all stages' },
    pretext: {
      type: 'boolean',
      default: false,
      describe: 'with `pretext` on features and its LSTM before the head, without stages 1 and 2',
    },
    kills: { type: 'number', default: 30 },
    seed: { type: 'number', default: 1 },
    signal: { choices: ['SIGKILL', 'SIGTERM', 'SIGINT'] as const, default: 'SIGKILL' as const },
    'every-steps': { type: 'number', default: 1, describe: 'checkpoint.everySteps of the run that is killed' },
    'every-minutes': { type: 'number', default: 0.01, describe: 'its checkpoint.everyMinutes' },
  })
  .strict()
  .parseSync();

interface Kill {
  where: string;
  /** The file of the store that was being written, if there was one. */
  writing: string | null;
  code: number | string | null;
  /** Seconds from the signal to the end of the process. */
  seconds: number;
}

const alone = path.join(args.out, 'alone');
const killed = path.join(args.out, 'killed');
/** The settings with which every stage has the sampler; those that read videos have no `model`. */
const sampling = ['pretrain', 'joint', 'head', 'head.classifier'].flatMap((stage) => {
  if (!args.sampler) return [];
  const type = args.sampler === 'model' && !stage.startsWith('head') ? 'history' : args.sampler;
  return [`${stage}.sampler.type=${type}`, `${stage}.sampler.warmup=1`];
});
const learning = args.pretext
  ? [
      ...['pretrain.epochs=0', 'pretext.past=8', 'pretext.future=4', 'pretext.epochs=12', 'pretext.batch=4'],
      ...['model.sequence=lstm', 'model.lstm.units=16', 'model.lstm.block=8', 'model.lstm.stride=4'],
    ]
  : [];
const settings = [
  ...(args.pretext ? ['--baseline'] : []),
  ...['--config', args.config, ...[...learning, ...sampling, ...args.set].flatMap((set) => ['--set', set])],
];
const often = [
  `--set=checkpoint.everySteps=${args.everySteps}`,
  `--set=checkpoint.everyMinutes=${args.everyMinutes}`,
  '--set=checkpoint.keepLast=3',
];

function start(folder: string, more: string[] = []): { child: ChildProcess; said: () => string } {
  const child = spawn(process.execPath, [lofi, 'run', ...settings, '--run', folder, ...more], {
    cwd: repository,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4000)));
  return { child, said: () => said };
}

async function finish(folder: string, more: string[] = []): Promise<void> {
  const { child, said } = start(folder, more);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`lofi run ended with ${code}: ${said()}`);
}

/** Number of records and shards so far, and the stage that wrote last. */
function progress(folder: string): { count: number; where: string } {
  const file = path.join(folder, 'metrics.jsonl');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  const extract = path.join(folder, 'store', 'extract');
  const shards = existsSync(extract)
    ? readdirSync(extract, { recursive: true, encoding: 'utf8' }).filter((name) => /\d{5}\.json$/.test(name)).length
    : 0;
  const last = JSON.parse(lines.at(-1) ?? '{"stage":"start"}') as { stage: string; step?: number };
  const inExtract = shards > 0 && !['pretext', 'segments', 'head'].includes(last.stage);
  return { count: lines.length + shards, where: inExtract ? `extract ${shards}` : `${last.stage} ${last.step ?? 0}` };
}

/** Calls `found` with the name of a temporary file as soon as one appears in the store. */
function watchWrites(folder: string, found: (name: string) => void): () => void {
  const watchers = new Map<string, FSWatcher>();
  const store = path.join(folder, 'store');
  const timer = setInterval(() => {
    if (!existsSync(store)) return;
    for (const entry of readdirSync(store, { recursive: true, withFileTypes: true })) {
      const place = path.join(entry.parentPath, entry.name);
      if (!entry.isDirectory() || watchers.has(place)) continue;
      watchers.set(
        place,
        watch(place, (_, name) => {
          if (name?.endsWith('.tmp')) found(path.join(path.relative(store, place), name));
        }),
      );
    }
  }, 20);
  return () => {
    clearInterval(timer);
    for (const watcher of watchers.values()) watcher.close();
  };
}

/** Runs until a moment and sends the signal. Returns null if the run finished before. */
async function killAt(target: number, whileWriting: boolean, delayMs: number): Promise<Kill | null> {
  const { child, said } = start(killed, often);
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const state = { over: false };
  void ended.then(() => (state.over = true));
  const begin = progress(killed).count;
  let sent = 0;
  let writing: string | null = null;
  const send = (name: string | null) => {
    if (sent > 0 || state.over) return;
    sent = performance.now();
    child.kill(args.signal);
    writing = name;
  };
  let due = false;
  const stopWatching = watchWrites(killed, (name) => {
    if (due && whileWriting) send(name);
  });
  while (!state.over && sent === 0) {
    const { count } = progress(killed);
    // At least one record must be new, because a kill during start-up tells little.
    if (!due && count >= target && count !== begin) {
      due = true;
      if (!whileWriting) {
        await sleep(delayMs);
        send(null);
      }
    }
    await sleep(5);
  }
  const [code, signal] = await ended;
  stopWatching();
  if (sent === 0) {
    if (code !== 0) throw new Error(`lofi run ended with ${code}: ${said()}`);
    return null;
  }
  return {
    where: progress(killed).where,
    writing,
    code: code ?? signal,
    seconds: Math.round(performance.now() - sent) / 1000,
  };
}

if (existsSync(killed)) throw new Error(`${killed} exists already: delete it, or give another --out`);
await finish(alone);
const total = progress(alone).count;
const random = randomStream(args.seed, 'kill-test');
const targets = Array.from({ length: args.kills }, () => random.below(total)).sort((a, b) => a - b);
const kills: Kill[] = [];
for (const [i, target] of targets.entries()) {
  const kill = await killAt(target, i % 2 === 1 && args.signal === 'SIGKILL', random.between(0, 400));
  if (kill === null) break;
  kills.push(kill);
  process.stderr.write(`${i + 1}/${args.kills}: ${kill.where} ${kill.writing ?? ''} ${kill.code} ${kill.seconds} s\n`);
}
await finish(killed, often);
const different = differing(outcomeOf(alone), outcomeOf(killed));
const wanted = { SIGKILL: 'SIGKILL', SIGTERM: 143, SIGINT: 130 }[args.signal];
const { average_mAP } = JSON.parse(readFileSync(path.join(killed, 'metrics.json'), 'utf8')) as { average_mAP: number };
const result = {
  seed: args.seed,
  kills: kills.length,
  stages: Object.fromEntries(
    ['start', 'pretext', 'pretrain', 'joint', 'extract', 'head'].map((stage) => [
      stage,
      kills.filter(({ where }) => where.startsWith(stage)).length,
    ]),
  ),
  at: kills.map(({ where }) => where),
  whileWriting: kills.filter(({ writing }) => writing !== null).length,
  unexpectedCodes: kills.filter(({ code }) => code !== wanted).length,
  slowestSeconds: Math.max(0, ...kills.map(({ seconds }) => seconds)),
  average_mAP,
  different,
};
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
if (different.length > 0 || result.unexpectedCodes > 0) process.exitCode = 1;
