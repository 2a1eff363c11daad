import { parentPort, workerData } from 'node:worker_threads';
import { LofiError } from '../../system/errors.js';
import { decodeParts } from '../../video/decode-parts.js';
import type { FrameRequest } from './request.js';

/** The data that this thread is started with. */
export interface StreamTask {
  request: FrameRequest;
  /** Number of the request's indices in each part. */
  length: number;
  /** Two numbers in shared memory: how many parts may be sent now; whether the receiver wants no more (1). */
  gate: Int32Array;
}

/** A message from this thread: a part, the end, an error for the user, or a defect of the program. */
export type Streamed = { part: Uint8Array } | { end: true } | { failed: string } | { defect: string };

const { request, length, gate } = workerData as StreamTask;
const port = parentPort!;
const say = (streamed: Streamed, bytes: Uint8Array[] = []) => {
  port.postMessage(
    streamed,
    bytes.map(({ buffer }) => buffer as ArrayBuffer),
  );
};

/** Blocks this thread until a part may be sent. Meanwhile the pipe is not read, so ffmpeg waits too. */
function waitForRoom(): void {
  while (Atomics.load(gate, 0) === 0) Atomics.wait(gate, 0, 0);
  if (Atomics.load(gate, 1) !== 0) throw new Error('no more parts are wanted');
  Atomics.sub(gate, 0, 1);
}

decodeParts(request.file, request, length, (part) => {
  waitForRoom();
  say({ part }, [part]);
}).then(
  () => {
    say({ end: true });
  },
  (error: unknown) => {
    if (error instanceof LofiError) say({ failed: error.message });
    else say({ defect: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  },
);
