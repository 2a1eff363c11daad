import type { Config } from '../../config/schema.js';
import { Stopped } from '../../system/errors.js';
import { breathe, listenToSignals, unlessStopped } from '../../system/signals.js';
import { notify, type CommandOutcome } from './notify.js';
import type { ResumePolicy } from './policy.js';
import { openRun, type Run } from './run.js';

/**
 * Does `work` with an open run and closes it, for work of hours that nobody sits beside. SIGINT and SIGTERM stop it once it has saved, its outcome goes to
 * `heartbeat.json` and to `notify.command`.
 */
export async function superviseRun<T>(
  folder: string,
  config: Config,
  policy: ResumePolicy,
  work: (run: Run) => Promise<T>,
): Promise<T> {
  const { stop, close } = listenToSignals();
  let run: Run | undefined;
  const end = async (outcome: CommandOutcome['outcome'], message: string | null) => {
    const beat = run?.heartbeat.end(outcome, message ?? undefined);
    const { stage = null, step = null, steps = null } = beat ?? {};
    await notify(config.notify, { run: folder, outcome, message, stage, step, steps, time: new Date().toISOString() });
  };
  try {
    // While it is made ready there is nothing to save.
    run = await unlessStopped(stop, openRun(folder, config, { policy, stop }));
    const result = await work(run);
    // Who asked to stop is told so, also where the work came to its end first.
    await breathe(stop);
    await end('done', null);
    return result;
  } catch (error) {
    await end(error instanceof Stopped ? 'stopped' : 'failed', error instanceof Error ? error.message : String(error));
    throw error;
  } finally {
    run?.close();
    close();
  }
}
