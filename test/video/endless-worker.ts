import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { runFfmpeg } from '../../src/video/process.js';

/**
 * A thread for hostile.test.ts. It starts an ffmpeg that outputs `workerData` frames per second without end, sends its
 * process number, and exits when it receives a message.
 */
const { spawn } = childProcess;
childProcess.spawn = ((...args: Parameters<typeof spawn>) => {
  const child = spawn(...args);
  parentPort!.postMessage(child.pid);
  return child;
}) as typeof spawn;
syncBuiltinESMExports();

parentPort!.on('message', () => process.exit());
void runFfmpeg(
  ['-re', '-f', 'lavfi', '-i', `testsrc2=s=16x16:r=${workerData as string}`, '-f', 'rawvideo', 'pipe:1'],
  () => undefined,
);
