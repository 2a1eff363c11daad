import { parentPort, workerData } from 'node:worker_threads';
import { LofiError } from '../../system/errors.js';
import { endAllFfmpeg } from '../../video/process.js';
import type { FrameRequest } from './request.js';
import { frameSource, type FrameSourceOptions } from './source.js';

/** What goes to this thread; null ends it. */
export type Asked = { id: number; request: FrameRequest } | null;

/** What comes back: bytes, an error that is the user's to read, or one that is ours. */
export type Answered = { id: number } & ({ bytes: Uint8Array } | { failed: string } | { defect: string });

const port = parentPort!;
const source = frameSource(workerData as FrameSourceOptions, (line) => process.stderr.write(`${line}\n`));

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
