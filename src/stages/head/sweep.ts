import path from 'node:path';
import { stringify } from 'yaml';
import { MetricsLog } from '../../checkpoints/metrics.js';
import { RunStore } from '../../checkpoints/run-store.js';
import type { Config } from '../../config/schema.js';
import { saveDataset } from '../../data/dataset.js';
import { UsageError, WorkError } from '../../system/errors.js';
import { writeFileAtomic } from '../../system/files/files.js';
import { startOnFeatures, type FeatureStart } from '../features/trained-on-features.js';
import { headStage } from './head-stage.js';
import type { Run } from '../run/run.js';
import { adoptStage } from '../training/resume.js';
import { say } from '../../system/say.js';

/** A value of the swept key, and the run's configuration with that value. */
export interface Candidate {
  value: number;
  config: Config;
}

/** The result of a candidate: the validation mAP of its best epoch, or an error. */
export type SweepRow =
  | { value: number; epoch: number; average_mAP: number; sha256: string; error?: undefined }
  | { value: number; error: string };

/**
 * Trains the head once with each candidate, each in its own run folder (`sweep/<key>=<value>`), which resumes after an
 * interruption. The head with the best validation mAP (the first of equals) becomes the head of the run, and its
 * configuration becomes the run's.
 *
 * @returns A row for each candidate, and the best candidate's value.
 * @throws UsageError when there is nothing to validate on; WorkError when no candidate could be trained.
 */
export async function sweepHead(
  run: Run,
  key: string,
  candidates: readonly Candidate[],
): Promise<{ rows: SweepRow[]; best: number }> {
  const start = startOnFeatures(run);
  const { source } = start;
  const { validateOn } = run.config.data;
  if (!source.videos(validateOn).some(({ id }) => source.has(id)))
    throw new UsageError(`a sweep is judged by validation: no video of subset "${validateOn}" has features`);
  const rows: SweepRow[] = [];
  for (const [i, candidate] of candidates.entries()) {
    say(`head.${key}=${candidate.value} (${i + 1} of ${candidates.length})`);
    rows.push(await withCandidate(run, key, candidate, (own) => trained(own, start, candidate.value)));
  }
  const values = rows.map((row) => (row.error === undefined ? row.average_mAP : -Infinity));
  const first = values.indexOf(Math.max(...values));
  const winner = rows[first]!;
  if (winner.error !== undefined) throw new WorkError(`no head could be trained; the first: ${winner.error}`);
  const candidate = candidates[first]!;
  await withCandidate(run, key, candidate, (own) => {
    const [now, then] = [run.store.manifest('head'), own.store.manifest('head')!];
    if (now?.sha256 !== then.sha256 || now.configHash !== then.configHash) takeOver(run, own);
    run.adopt({ config: false });
    writeFileAtomic(path.join(run.folder, 'config.yaml'), stringify(candidate.config));
  });
  return { rows, best: winner.value };
}

/** Does `work` with a candidate's run folder, which shares engine, dataset and frame loader with the run. */
async function withCandidate<T>(
  run: Run,
  key: string,
  { value, config }: Candidate,
  work: (own: Run) => T | Promise<T>,
): Promise<T> {
  const folder = path.join(run.folder, 'sweep', `${key}=${value}`);
  const log = new MetricsLog(path.join(folder, 'metrics.jsonl'));
  try {
    saveDataset(path.join(folder, 'dataset.json'), run.dataset);
    writeFileAtomic(path.join(folder, 'config.yaml'), stringify(config));
    return await work({ ...run, folder, config, store: new RunStore(folder), log });
  } finally {
    log.close();
  }
}

/** Copies the winner's stages, with their log, into the run. */
function takeOver(run: Run, winner: Run): void {
  for (const stage of ['segments', 'head'] as const)
    if (winner.store.manifest(stage) !== null) adoptStage(run, stage, winner);
}

async function trained(run: Run, start: FeatureStart, value: number): Promise<SweepRow> {
  try {
    await headStage(() => start).run(run);
  } catch (error) {
    // A candidate may diverge, for example by a too high rate, while others do not.
    if (!(error instanceof WorkError)) throw error;
    say(error.message);
    return { value, error: error.message };
  }
  const { manifest } = run.store.load('head', 'best')!;
  return { value, epoch: manifest.epoch, average_mAP: manifest.best!.value, sha256: manifest.sha256 };
}
