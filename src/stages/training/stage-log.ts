import path from 'node:path';
import { EventLog } from '../../checkpoints/events.js';
import { readMetrics } from '../../checkpoints/metrics.js';
import type { Origin } from '../../checkpoints/run-store.js';
import type { StageName } from '../../config/stages.js';
import type { Run } from '../run/run.js';
import { stateOf } from './stage-progress.js';
import { say } from '../../system/say.js';

/**
 * Writes records to `metrics.jsonl` and to the stage's event file. If writing that file fails, it is begun anew. Only
 * rank 0 writes.
 */
export function stageLog(run: Run, stage: StageName): (record: object) => void {
  if (!run.team.leads) return () => undefined;
  let events: EventLog | undefined;
  const withEvents = (write: (events: EventLog) => void) => {
    try {
      // A new event file begins with all records of the log, this one included.
      if (events) write(events);
      else events = eventLog(run, stage);
    } catch {
      events = undefined;
    }
  };
  withEvents(() => undefined);
  return (record) => {
    run.log.append({ stage, ...record });
    withEvents((events) => {
      events.append({ ...record });
    });
  };
}

/** Begins a new event file of a stage, with the stage's records of the log. */
export function eventLog(run: Run, stage: StageName): EventLog {
  const logged = readMetrics(run.log.file).filter((record) => record.stage === stage);
  return new EventLog(path.join(run.folder, 'events', stage), logged);
}

/**
 * The length of the log in bytes when the last of a stage's parents had ended, and `pretext`, which comes before all
 * others and is the parent of few.
 */
export function logStart(run: Run, stage: StageName, parents: readonly Origin[]): number {
  const ends = parents.map(({ stage, sha256 }) => {
    const manifest = run.store.manifest(stage);
    return manifest?.sha256 === sha256 ? stateOf({ manifest }).logPosition : 0;
  });
  const first = stage === 'pretext' ? null : run.store.manifest('pretext');
  return Math.max(0, ...ends, first?.finished === true ? stateOf({ manifest: first }).logPosition : 0);
}

/** Warns on stderr how many samples could not be read and were left out (`data.missing: skip`). */
export function tellSkipped(run: Run, stage: StageName): void {
  if (!run.team.leads) return;
  const skipped = readMetrics(run.log.file).flatMap((record) =>
    record.stage === stage && Array.isArray(record.skipped) ? (record.skipped as string[]) : [],
  );
  if (skipped.length === 0) return;
  say(
    `warning: ${stage}: ${skipped.length} samples could not be read and were left out ` +
      `(metrics.jsonl, skipped), the first: ${skipped[0]!}`,
  );
}
