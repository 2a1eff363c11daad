import { setMaxListeners } from 'node:events';
import { Stopped } from './errors.js';

const codes = { SIGINT: 130, SIGTERM: 143 } as const;

/** Signals that end a process, and the exit codes that say so. */
export const endingSignals = Object.entries(codes) as [signal: keyof typeof codes, code: 130 | 143][];

/** Listens to SIGINT and SIGTERM for work that saves before it stops. */
export interface SignalListener {
  /** Aborted by the first signal, with a {@link Stopped}. The second one ends the process at once. */
  readonly stop: AbortSignal;
  /** Leaves signals to others again. */
  readonly close: () => void;
}

export function listenToSignals(): SignalListener {
  const controller = new AbortController();
  // Every read that is waited for listens.
  setMaxListeners(0, controller.signal);
  const listeners = endingSignals.map(([signal, code]) => {
    const listener = () => {
      if (controller.signal.aborted) process.exit(code);
      process.stderr.write(`${signal}: stopping once the step is done and saved; once more ends at once\n`);
      controller.abort(new Stopped(signal, code));
    };
    process.on(signal, listener);
    return [signal, listener] as const;
  });
  return {
    stop: controller.signal,
    close() {
      for (const [signal, listener] of listeners) process.off(signal, listener);
    },
  };
}

/** What `work` gives, or, once `stop` is aborted, its reason at once: for work that has nothing to save. */
export function unlessStopped<T>(stop: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(stop.reason as Error);
    };
    if (stop.aborted) abort();
    stop.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => {
      stop.removeEventListener('abort', abort);
    });
  });
}

/** Between two pieces of work that leave the thread no time: lets signals be heard. Throws the reason of `stop` once it is aborted. */
export async function breathe(stop: AbortSignal): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  stop.throwIfAborted();
}
