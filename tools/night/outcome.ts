import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { readMetrics } from '../../src/checkpoints/metrics.js';

export const repository = path.resolve(import.meta.dirname, '../..');
export const lofi = path.join(repository, 'dist', 'cli', 'main.js');

/** Fields of `metrics.jsonl` that describe a process and its time, not what was learnt. */
const measured = new Set(['time', 'seconds', 'wait', 'rssMiB', 'tensors']);

/** Everything of a finished run that an interruption must not change, by name. */
export function outcomeOf(folder: string): Record<string, string> {
  const args = [lofi, 'runs', folder, '--json'];
  const { stages } = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as { stages: object };
  const shas = Object.entries(stages).map(([stage, state]) => [`store/${stage}`, JSON.stringify(state)]);
  const files = ['metrics.json', 'detections.json'].map((name) => [
    name,
    readFileSync(path.join(folder, name), 'utf8'),
  ]);
  const log = readMetrics(path.join(folder, 'metrics.jsonl')).map((record) =>
    JSON.stringify(record, (key, value: unknown) => (measured.has(key) ? undefined : value)),
  );
  return Object.fromEntries([...shas, ...files, ['metrics.jsonl', log.join('\n')]]) as Record<string, string>;
}

/** The names of the parts in which two outcomes differ. */
export function differing(a: Record<string, string>, b: Record<string, string>): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => a[name] !== b[name]);
}
