import { fork } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../config/schema.js';
import { LofiError, WorkError } from '../../system/errors.js';
import type { Estimate } from './estimate.js';
import type { EstimateAnswered, EstimateAsked } from './estimate-child.js';

/**
 * An estimate that is made in a process of its own, so that this one hears signals: a single metered pass can block a
 * thread for many seconds. The child ends with this process.
 *
 * @throws LofiError where there is no native engine, or the configuration makes no model or no plan; WorkError where
 *   the child was ended, as the system does when memory runs out.
 */
export async function estimateInChild(config: Config, channels: number): Promise<Estimate> {
  const module = new URL(`./estimate-child${path.extname(import.meta.url)}`, import.meta.url);
  const child = fork(fileURLToPath(module), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  try {
    const answered = await new Promise<EstimateAnswered>((resolve, reject) => {
      child.once('message', resolve);
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        reject(new WorkError(`the process of the estimate ended before its time (${signal ?? `exit code ${code}`})`));
      });
      child.send({ config, channels } satisfies EstimateAsked);
    });
    if ('failed' in answered) throw new LofiError(answered.failed, answered.exitCode);
    return answered.estimate;
  } finally {
    process.off('exit', end);
    end();
  }
}
