import path from 'node:path';
import type { StageName } from '../../config/stages.js';
import { isDiskFull } from '../../system/files/disk.js';
import { writeFileAtomic } from '../../system/files/files.js';
import type { DivergedStep } from '../../train/guards/divergence.js';
import type { Run } from '../run/run.js';

/**
 * Writes everything known about a step that diverged to `diverged/<stage>-<step>.json` in the run folder. The file
 * names seed, stage, epoch and step, which determine the random streams, so the step can be repeated from the
 * checkpoint before it. If the disk is full, nothing is written,
 * and only rank 0 writes.
 *
 * @returns The path of the file.
 */
export function keepEvidence({ folder, config, store, team }: Run, stage: StageName, at: DivergedStep): string {
  const file = path.join(folder, 'diverged', `${stage}-${at.step}.json`);
  if (!team.leads) return file;
  // JSON has no NaN.
  const spelled = (value: number) => (Number.isFinite(value) ? value : String(value));
  const evidence = {
    stage,
    ...at,
    loss: spelled(at.loss),
    terms: Object.fromEntries(Object.entries(at.terms).map(([name, value]) => [name, spelled(value)])),
    random: { seed: config.seed, stage, epoch: at.epoch - 1, step: at.step - 1 },
    checkpoints: store.steps(stage),
    time: new Date().toISOString(),
  };
  try {
    writeFileAtomic(file, `${JSON.stringify(evidence, null, 2)}\n`);
  } catch (error) {
    if (!isDiskFull(error)) throw error;
  }
  return file;
}
