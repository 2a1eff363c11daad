import { on } from 'node:events';
import { extname } from 'node:path';
import { WorkError } from '../../system/errors.js';
import { startThread } from '../../system/thread.js';
import type { FrameRequest } from './request.js';
import type { Streamed, StreamTask } from './stream-worker.js';

/**
 * Yields the frames of a long video in one pass, `length` indices of the request at a time. The largest index of a
 * part must not be below that of the part before it. A thread decodes at most `ahead` parts in advance, so memory
 * does not grow with the video.
 *
 * @throws WorkError naming the file when it cannot be decoded or ends too early, after the parts before that.
 */
export async function* streamFrames(
  request: FrameRequest,
  length: number,
  ahead: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const gate = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  gate[0] = ahead;
  const giveRoom = () => {
    Atomics.add(gate, 0, 1);
    Atomics.notify(gate, 0);
  };
  const url = new URL(`./stream-worker${extname(import.meta.url)}`, import.meta.url);
  const thread = startThread(url, { request, length, gate } satisfies StreamTask);
  try {
    for await (const [streamed] of on(thread, 'message', { close: ['exit'] }) as AsyncIterable<[Streamed]>) {
      if ('end' in streamed) return;
      if ('failed' in streamed) throw new WorkError(streamed.failed);
      if ('defect' in streamed) throw new Error(streamed.defect);
      yield streamed.part;
      giveRoom();
    }
    throw new WorkError(`cannot decode ${request.file}: the thread that decodes has ended`);
  } finally {
    // The thread ends its ffmpeg and then itself; errors on the way no longer matter.
    thread.on('error', () => undefined).unref();
    Atomics.store(gate, 1, 1);
    giveRoom();
  }
}
