import { readMetrics } from '../../src/checkpoints/metrics.js';

/** Fields of `metrics.jsonl` that describe the process and its time, and so differ from run to run. */
const measured = ['time', 'seconds', 'wait', 'rssMiB', 'tensors'];

/** The lines of a `metrics.jsonl`, as JSON, without the fields that differ from run to run. */
export function learntLog(file: string, keep: (record: Record<string, unknown>) => boolean = () => true): string[] {
  return readMetrics(file)
    .filter(keep)
    .map((record) => JSON.stringify(record, (key, value: unknown) => (measured.includes(key) ? undefined : value)));
}
