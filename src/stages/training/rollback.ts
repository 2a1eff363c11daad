import { WorkError } from '../../system/errors.js';
import type { Diverged } from '../../train/guards/divergence.js';
import type { StageName } from '../../config/stages.js';
import type { Run } from '../run/run.js';
import { keepEvidence } from './evidence.js';
import type { StageProgress } from './stage-progress.js';
import { say } from '../../system/say.js';

/**
 * Goes back to the newest checkpoint, from which training resumes at a lower learning rate. Everything known about the
 * step that diverged is kept in the run folder.
 *
 * @throws `diverged` if `training.onDivergence` is `stop`, or there is no checkpoint; WorkError after
 *   `training.maxRollbacks` rollbacks.
 */
export function rollBack(run: Run, stage: StageName, progress: StageProgress, diverged: Diverged): void {
  const evidence = keepEvidence(run, stage, diverged.at);
  say(`${stage}: diverged at step ${diverged.at.step}: ${evidence}`);
  const { onDivergence, maxRollbacks, rollbackFactor } = run.config.training;
  if (onDivergence === 'stop') throw diverged;
  const rollbacks = progress.rollbacks + 1;
  if (rollbacks > maxRollbacks)
    throw new WorkError(`${diverged.message} Rolled back ${maxRollbacks} times already (training.maxRollbacks).`, {
      cause: diverged,
    });
  const good = run.store.load(stage, 'latest');
  if (!good) throw diverged;
  progress.resume(good);
  progress.rollbacks = rollbacks;
  const { step } = good.manifest;
  const factor = rollbackFactor ** rollbacks;
  run.log.append({
    stage,
    step,
    rollback: { number: rollbacks, from: diverged.at.step, factor },
    time: new Date().toISOString(),
  });
  say(diverged.message);
  say(
    `${stage}: going on from step ${step} at ${factor} of the learning rate ` +
      `(rollback ${rollbacks} of ${maxRollbacks})`,
  );
}
