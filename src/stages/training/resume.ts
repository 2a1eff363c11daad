import { readMetrics } from '../../checkpoints/metrics.js';
import type { LoadedCheckpoint, MadeOf } from '../../checkpoints/run-store.js';
import type { StageName } from '../../config/stages.js';
import { UsageError } from '../../system/errors.js';
import type { Run } from '../run/run.js';
import { outOfDate, refuseChanges } from './changes.js';
import { eventLog, logStart } from './stage-log.js';
import { stateOf } from './stage-progress.js';
import { say } from '../../system/say.js';

/**
 * Loads the checkpoint from which a stage resumes by the run's policy; null where the stage has to start anew.
 *
 * @throws UsageError when the stage was made with another configuration or from other data, unless the policy allows
 *   it, or when the step to resume from has no checkpoint.
 */
export function usableCheckpoint(run: Run, stage: StageName, now: MadeOf): LoadedCheckpoint | null {
  const { resume } = run.policy;
  if (resume === 'never') return null;
  const steps = run.store.steps(stage);
  if (typeof resume === 'number' && steps.length > 0 && !steps.includes(resume))
    throw new UsageError(`--resume ${resume}: ${stage} in ${run.folder} has checkpoints of steps ${steps.join(', ')}`);
  const found = run.store.load(stage, resume === 'auto' ? 'latest' : resume);
  if (!found) return null;
  refuseChanges(run, stage, found.manifest, now);
  return outOfDate(run, stage, found.manifest, now).length === 0 ? found : null;
}

/** Says why a stage is done again that an earlier call has begun or finished. */
export function tellDoneAgain(run: Run, stage: StageName, now: MadeOf): void {
  const before = run.policy.resume === 'never' ? null : run.store.manifest(stage);
  const reasons = before ? outOfDate(run, stage, before, now) : [];
  if (reasons.length > 0) say(`${stage} is done again: ${reasons.join('; ')}`);
}

/** Copies a stage's checkpoints and log from another run folder, where it was trained from the same origins as here. */
export function adoptStage(
  run: Run,
  stage: StageName,
  from: Pick<Run, 'store'> & { log: Pick<Run['log'], 'file'> },
): void {
  const begin = logStart(run, stage, from.store.manifest(stage)!.parents);
  run.store.discardAfter(stage, -1);
  run.log.truncate(begin);
  for (const record of readMetrics(from.log.file)) if (record.stage === stage) run.log.append(record);
  eventLog(run, stage);
  for (const step of from.store.steps(stage)) {
    const loaded = from.store.load(stage, step);
    // `load` names a damaged checkpoint and returns an older one, which is copied at its own turn.
    if (loaded?.manifest.step !== step) continue;
    const state = { ...stateOf(loaded), logPosition: begin + stateOf(loaded).logPosition };
    run.store.save(stage, { ...loaded.manifest, tensors: loaded.tensors, state });
  }
}
