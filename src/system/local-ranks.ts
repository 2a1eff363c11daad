import { spawn, type ChildProcess } from 'node:child_process';
import { endingSignals } from './signals.js';

/** Time that ranks get to end by themselves after another one has ended or a signal has come, ms. */
const graceMs = 20_000;

/**
 * Starts this command again as several processes on this machine, and waits for all. Signals are passed on. When one
 * fails, the others are ended. Rank 0 has this process's output; of the others only errors are shown.
 *
 * @param environments - The variables of each rank.
 * @returns The exit code: that of the first rank that failed, or 0.
 */
export async function runLocalRanks(environments: readonly NodeJS.ProcessEnv[]): Promise<number> {
  const children = environments.map((env, rank) => startRank(env, rank));
  const kill = (signal: NodeJS.Signals) => {
    for (const child of children) if (isRunning(child)) child.kill(signal);
  };
  let last: NodeJS.Timeout | undefined;
  const endAll = (signal: NodeJS.Signals) => {
    kill(signal);
    // A process that is stopped or hangs takes no other signal.
    last ??= setTimeout(kill, graceMs, 'SIGKILL');
  };
  const listeners = endingSignals.map(([signal]) => {
    const listener = () => {
      endAll(signal);
    };
    process.on(signal, listener);
    return [signal, listener] as const;
  });
  const atExit = () => {
    kill('SIGKILL');
  };
  process.once('exit', atExit);
  const failures: number[] = [];
  await Promise.all(
    children.map(
      (child) =>
        new Promise<void>((resolve) => {
          child.on('close', (code, signal) => {
            const status = code ?? (signal === 'SIGINT' ? 130 : signal === 'SIGTERM' ? 143 : 1);
            if (status !== 0) {
              failures.push(status);
              // Stopped ranks save by themselves; others are told by their collectives, but need not be waited for.
              endAll('SIGTERM');
            }
            resolve();
          });
          child.on('error', () => {
            failures.push(1);
            endAll('SIGTERM');
            resolve();
          });
        }),
    ),
  );
  clearTimeout(last);
  process.off('exit', atExit);
  for (const [signal, listener] of listeners) process.off(signal, listener);
  return failures[0] ?? 0;
}

function startRank(env: NodeJS.ProcessEnv, rank: number): ChildProcess {
  const [, ...args] = process.argv;
  return spawn(process.execPath, [...process.execArgv, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', rank === 0 ? 'inherit' : 'ignore', 'inherit', 'ipc'],
    // A group of its own: Ctrl-C reaches this process alone, which passes it on once.
    detached: true,
  });
}

const isRunning = ({ exitCode, signalCode }: ChildProcess) => exitCode === null && signalCode === null;

/** Makes a rank that {@link runLocalRanks} has started stop when the process that started it is gone. */
export function endWithParent(): void {
  if (!process.channel) return;
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel.unref();
}
