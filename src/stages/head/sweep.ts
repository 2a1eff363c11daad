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

/** A value of the key that is swept, and the run's configuration with it. */
export interface Candidate {
  value: number;
  config: Config;
}

/** How the head of a candidate ended: at its best epoch, or with an error. */
export type SweepRow =
  | { value: number; epoch: number; average_mAP: number; sha256: string; error?: undefined }
  | { value: number; error: string };

/**
 * Trains the head once with each candidate, in run folders of their own (`sweep/<key>=<value>`) that go on where they were interrupted. The
 * best by validation mAP, the first of equals, becomes the head of the run, and its configuration the run's.
 *
 * @returns a row for each candidate, and the best of them.
 * @throws UsageError when there is nothing to validate on; WorkError when none could be trained.
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
    process.stderr.write(`head.${key}=${candidate.value} (${i + 1} of ${candidates.length})\n`);
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

/** Does `work` with a candidate's run folder, which has the engine, the dataset and the frames of the run. */
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

/** The winner's stages, and its log, become the run's. */
function takeOver(run: Run, winner: Run): void {
  for (const stage of ['segments', 'head'] as const)
    if (winner.store.manifest(stage) !== null) adoptStage(run, stage, winner);
}

async function trained(run: Run, start: FeatureStart, value: number): Promise<SweepRow> {
  try {
    await headStage(() => start).run(run);
  } catch (error) {
    // A rate that is too high says nothing of the others.
    if (!(error instanceof WorkError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return { value, error: error.message };
  }
  const { manifest } = run.store.load('head', 'best')!;
  return { value, epoch: manifest.epoch, average_mAP: manifest.best!.value, sha256: manifest.sha256 };
}
