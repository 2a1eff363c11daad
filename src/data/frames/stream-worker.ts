import { parentPort, workerData } from 'node:worker_threads';
import { LofiError } from '../../system/errors.js';
import { decodeParts } from '../../video/decode-parts.js';
import type { FrameRequest } from './request.js';

/** What this thread is started with. */
export interface StreamTask {
  request: FrameRequest;
  /** Indices of the request in each part. */
  length: number;
  /** Two numbers: how many parts may be given yet; whether no more are wanted. */
  gate: Int32Array;
}

/** What comes back: a part, the end, an error that is the user's to read, or one that is ours. */
export type Streamed = { part: Uint8Array } | { end: true } | { failed: string } | { defect: string };

const { request, length, gate } = workerData as StreamTask;
const port = parentPort!;
const say = (streamed: Streamed, bytes: Uint8Array[] = []) => {
  port.postMessage(
    streamed,
    bytes.map(({ buffer }) => buffer as ArrayBuffer),
  );
};

/** Blocks this thread until there is room. The pipe is not read meanwhile, so ffmpeg waits, too. */
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
