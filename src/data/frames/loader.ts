import { extname } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { WorkError } from '../../system/errors.js';
import { startThread } from '../../system/thread.js';
import type { FrameSource } from './request.js';
import type { FrameSourceOptions } from './frame-source.js';
import type { Answered, Asked } from './worker.js';

/**
 * A {@link FrameSource} in a thread of its own, because a step of the engine blocks the main thread for seconds while
 * frames must still be decoded.
 */
export interface FrameLoader {
  readonly load: FrameSource;
  /** Ends the thread and its ffmpeg processes. Requests that are still waiting are dropped. */
  readonly close: () => void;
}

interface Waiting {
  resolve: (bytes: Uint8Array) => void;
  reject: (error: Error) => void;
}

/**
 * Makes a loader whose thread starts with the first request. The thread keeps the process alive
 * only while requests are waiting.
 */
export function startFrameLoader(options: FrameSourceOptions): FrameLoader {
  const waiting = new Map<number, Waiting>();
  let worker: Worker | undefined;
  let count = 0;

  function begin(): Worker {
    const begun = startThread(new URL(`./worker${extname(import.meta.url)}`, import.meta.url), options);
    begun.on('message', (answer: Answered) => {
      const asked = waiting.get(answer.id);
      // An answer may arrive after closing.
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
