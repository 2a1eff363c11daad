import { setMaxListeners } from 'node:events';
import { Stopped } from './errors.js';
import { say } from './say.js';

const codes = { SIGINT: 130, SIGTERM: 143 } as const;

/** The signals that end a process, and the exit code for each. */
export const endingSignals = Object.entries(codes) as [signal: keyof typeof codes, code: 130 | 143][];

/** Listens to SIGINT and SIGTERM for work that saves before it stops. */
export interface SignalListener {
  /** The first signal aborts it, with a {@link Stopped} as reason. A second signal ends the process at once. */
  readonly stop: AbortSignal;
  /** Stops listening. */
  readonly close: () => void;
}

export function listenToSignals(): SignalListener {
  const controller = new AbortController();
  // Every pending read listens to this signal.
  setMaxListeners(0, controller.signal);
  const listeners = endingSignals.map(([signal, code]) => {
    const listener = () => {
      if (controller.signal.aborted) process.exit(code);
      say(`${signal}: stopping once the step is done and saved; a second signal ends at once`);
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

/**
 * The result of `work`, unless `stop` is aborted: then its reason is thrown at once. For work that has nothing to save.
 */
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

/**
 * Lets signals be delivered between two pieces of work that block the thread.
 *
 * @throws The reason of `stop` once it is aborted.
 */
export async function breathe(stop: AbortSignal): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  stop.throwIfAborted();
}

/** A signal for work that nothing stops. */
export function neverAborted(): AbortSignal {
  const { signal } = new AbortController();
  // Every pending read listens to this signal.
  setMaxListeners(0, signal);
  return signal;
}
