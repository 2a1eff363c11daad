import { extname } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { WorkError } from '../../system/errors.js';
import { startThread } from '../../system/thread.js';
import type { FrameSource } from './request.js';
import type { FrameSourceOptions } from './source.js';
import type { Answered, Asked } from './worker.js';

/** A {@link FrameSource} in a thread of its own: a step of the engine blocks the main one for seconds, and frames must come all the same. */
export interface FrameLoader {
  readonly load: FrameSource;
  /** Ends the thread and its ffmpeg processes; what was asked for and not given is dropped. */
  readonly close: () => void;
}

interface Waiting {
  resolve: (bytes: Uint8Array) => void;
  reject: (error: Error) => void;
}

/** The thread begins with the first request. It keeps the process alive only while something is asked for. */
export function startFrameLoader(options: FrameSourceOptions): FrameLoader {
  const waiting = new Map<number, Waiting>();
  let worker: Worker | undefined;
  let count = 0;

  function begin(): Worker {
    const begun = startThread(new URL(`./worker${extname(import.meta.url)}`, import.meta.url), options);
    begun.on('message', (answer: Answered) => {
      const asked = waiting.get(answer.id);
      // An answer may cross with the closing.
      if (!asked) return;
      const { resolve, reject } = asked;
      waiting.delete(answer.id);
      if (waiting.size === 0) begun.unref();
      if ('bytes' in answer) resolve(answer.bytes);
      else reject('failed' in answer ? new WorkError(answer.failed) : new Error(answer.defect));
    });
    begun.on('error', (error) => {
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
      worker = undefined;
    });
    return begun;
  }

  return {
    load: (request) =>
      new Promise((resolve, reject) => {
        worker ??= begin();
        worker.ref();
        const id = count++;
        waiting.set(id, { resolve, reject });
        worker.postMessage({ id, request } satisfies Asked);
      }),
    close() {
      worker?.postMessage(null satisfies Asked);
      worker?.unref();
      worker = undefined;
      waiting.clear();
    },
  };
}
