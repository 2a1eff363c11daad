import type { Config } from '../../config/schema.js';
import { Stopped } from '../../system/errors.js';
import { breathe, listenToSignals, unlessStopped } from '../../system/signals.js';
import { noTeam } from '../../train/ranks/team.js';
import { notify, type CommandOutcome } from './notify.js';
import type { ResumePolicy } from './policy.js';
import { openTeam, type RanksOfCall } from './open-team.js';
import { openRun, type Run } from './run.js';

/**
 * Opens a run, does `work` with it and closes it, for unattended work of hours. On SIGINT and SIGTERM the work saves
 * its state and stops. The outcome is written to `heartbeat.json` and passed to `notify.command`.
 *
 * @param ranks - The processes that do the work together; absent or null: this one does it alone.
 */
export async function superviseRun<T>(
  folder: string,
  config: Config,
  policy: ResumePolicy,
  work: (run: Run) => Promise<T>,
  ranks?: RanksOfCall | null,
): Promise<T> {
  const { stop, close } = listenToSignals();
  let run: Run | undefined;
  let team = noTeam;
  const end = async (outcome: CommandOutcome['outcome'], message: string | null) => {
    if (!team.leads) return;
    const beat = run?.heartbeat.end(outcome, message ?? undefined);
    const { stage = null, step = null, steps = null } = beat ?? {};
    await notify(config.notify, { run: folder, outcome, message, stage, step, steps, time: new Date().toISOString() });
  };
  try {
    // While the run is being opened there is nothing to save.
    if (ranks) team = await unlessStopped(stop, openTeam(folder, config, ranks));
    run = await unlessStopped(stop, openRun(folder, config, { policy, stop, team }));
    const result = await work(run);
    // Throws if a signal has arrived, even though the work came to its end first.
    await breathe(stop);
    await end('done', null);
    return result;
  } catch (error) {
    team.tell(error);
    await end(error instanceof Stopped ? 'stopped' : 'failed', error instanceof Error ? error.message : String(error));
    throw error;
  } finally {
    run?.close();
    close();
  }
}
