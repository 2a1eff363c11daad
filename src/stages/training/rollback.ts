import { WorkError } from '../../system/errors.js';
import type { Diverged } from '../../train/guards/divergence.js';
import type { StageName } from '../../config/stages.js';
import type { Run } from '../run/run.js';
import { keepEvidence } from './evidence.js';
import type { StageProgress } from './stage-progress.js';

/**
 * Goes back to the newest checkpoint, from which training goes on at a lower rate. What is known of the step that
 * diverged is kept in the run folder.
 *
 * @throws `diverged` where `training.onDivergence` does not ask for it, or there is nothing to go back to; WorkError
 *   where it has been done `training.maxRollbacks` times.
 */
export function rollBack(run: Run, stage: StageName, progress: StageProgress, diverged: Diverged): void {
  const evidence = keepEvidence(run, stage, diverged.at);
  process.stderr.write(`${stage}: diverged at step ${diverged.at.step}: ${evidence}\n`);
  const { onDivergence, maxRollbacks, rollbackFactor } = run.config.training;
  if (onDivergence === 'stop') throw diverged;
  const rollbacks = progress.rollbacks + 1;
  if (rollbacks > maxRollbacks)
    throw new WorkError(`${diverged.message} Rolled back ${maxRollbacks} times already (training.maxRollbacks).`);
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
  process.stderr.write(
    `${diverged.message}\n${stage}: going on from step ${step} at ${factor} of the rate ` +
      `(rollback ${rollbacks} of ${maxRollbacks})\n`,
  );
}
