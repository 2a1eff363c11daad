import { parentPort, workerData } from 'node:worker_threads';
import { LofiError } from '../../system/errors.js';
import { endAllFfmpeg } from '../../video/process.js';
import type { FrameRequest } from './request.js';
import { frameSource, type FrameSourceOptions } from './frame-source.js';
import { say } from '../../system/say.js';

/** A message to this thread: a request, or null to end it. */
export type Asked = { id: number; request: FrameRequest } | null;

/** A message from this thread: bytes, an error for the user, or a defect of the program. */
export type Answered = { id: number } & ({ bytes: Uint8Array } | { failed: string } | { defect: string });

const port = parentPort!;
const source = frameSource(workerData as FrameSourceOptions, say);

port.on('message', (asked: Asked) => {
  if (asked === null) {
    endAllFfmpeg();
    process.exit();
  }
  const { id, request } = asked;
  source(request).then(
    (bytes) => {
      port.postMessage({ id, bytes } satisfies Answered, [bytes.buffer as ArrayBuffer]);
    },
    (error: unknown) => {
      const answer =
        error instanceof LofiError
          ? { failed: error.message }
          : { defect: error instanceof Error ? (error.stack ?? '') : String(error) };
      port.postMessage({ id, ...answer } satisfies Answered);
    },
  );
});
