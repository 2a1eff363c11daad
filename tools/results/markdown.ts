import type { ClipEntry, ResultEntry } from './entry.js';

/** The thresholds that the field quotes; a table has those that its results have. */
const quoted = [0.5, 0.75, 0.95];

const preamble = `<!-- Made from results.json and clip-results.json by \`npx tsx tools/results-table.ts\`; do not edit. -->

# Measured results

Everything here was measured on 2 CPU cores with 24 GiB of memory, in float32, and entered by
\`tools/record-result.ts\` from the folder of the run. mAP is in percent; *training* is the time of all optimiser steps
of all stages, waiting for data included; *memory* is the largest resident size of the process at the end of a step.
Each row is one seed: small differences between rows say little. \`DIR\` stands for a folder of your own.
`;

/** The page of all results: a table for each dataset, subset and list of thresholds, its commands below it. */
export function resultsMarkdown(entries: readonly ResultEntry[], clips: readonly ClipEntry[]): string {
  if (entries.length + clips.length === 0) return `${preamble}\nNo results yet.\n`;
  const groups = new Map<string, ResultEntry[]>();
  for (const entry of entries) {
    const key = JSON.stringify([entry.dataset, entry.subset, entry.tiou]);
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  const clipSets = [...new Set(clips.map(({ dataset }) => dataset))];
  const clipSections = clipSets.map((dataset) => clipSection(clips.filter((entry) => entry.dataset === dataset)));
  return [preamble, ...[...groups.values()].map(section), ...clipSections].join('\n');
}

/** Accuracy of stage 1: a row for each experiment, over its seeds. */
function clipSection(entries: readonly ClipEntry[]): string {
  const experiments = [...new Set(entries.map(({ experiment }) => experiment))].map((name) =>
    entries.filter(({ experiment }) => experiment === name),
  );
  const rows = experiments.map((runs) => [
    runs[0]!.experiment,
    runs.map(({ seed }) => seed).join(', '),
    spread(runs.map(({ top1 }) => top1)),
    spread(runs.map(({ top5 }) => top5)),
    duration(mean(runs.map(({ train_seconds }) => train_seconds))),
    `${Math.max(...runs.map(({ peak_gib }) => peak_gib)).toFixed(1)} GiB`,
    runs.at(-1)!.date,
  ]);
  const commands = experiments.map(([first]) => `- ${first!.experiment}: \`${first!.command}\``);
  return [
    `## ${entries[0]!.dataset}: clips of stage 1`,
    'Top-1 and top-5 on validation clips after the last epoch, one view; mean ± standard deviation over the seeds, in percent.',
    table(['experiment', 'seeds', 'top-1', 'top-5', 'training', 'memory', 'date'], rows),
    `Commands, of the first seed:\n\n${commands.join('\n')}`,
  ]
    .map((part) => `${part}\n`)
    .join('\n');
}

function section(entries: readonly ResultEntry[]): string {
  const { dataset, subset, tiou } = entries[0]!;
  const columns = quoted.flatMap((threshold) => {
    const at = tiou.findIndex((value) => Math.abs(value - threshold) < 1e-9);
    return at < 0 ? [] : [{ threshold, at }];
  });
  const head = [
    'experiment',
    'seed',
    ...columns.map(({ threshold }) => `mAP@${threshold}`),
    'average',
    'training',
    'memory',
    'date',
  ];
  const rows = entries.map((entry) => [
    entry.experiment,
    String(entry.seed),
    ...columns.map(({ at }) => percent(entry.mAP[at])),
    percent(entry.average_mAP),
    duration(entry.train_seconds),
    `${entry.peak_gib.toFixed(1)} GiB`,
    entry.date,
  ]);
  const commands = entries.map(({ experiment, command }) => `- ${experiment}: \`${command}\``);
  return [
    `## ${dataset}, ${subset} videos`,
    `The average is over ${thresholds(tiou)}.`,
    table(head, rows),
    `Commands:\n\n${commands.join('\n')}`,
  ]
    .map((part) => `${part}\n`)
    .join('\n');
}

function table(head: readonly string[], rows: readonly string[][]): string {
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.map(escape).join(' | ')} |`).join('\n');
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Mean ± sample standard deviation, percent. */
function spread(values: readonly number[]): string {
  const centre = mean(values);
  if (values.length === 1) return percent(centre);
  const variance = values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
  return `${percent(centre)} ± ${percent(Math.sqrt(variance))}`;
}

function thresholds(tiou: readonly number[]): string {
  const shown = tiou.map((value) => String(Math.round(value * 1e6) / 1e6));
  return tiou.length > 3
    ? `${tiou.length} tIoU thresholds, ${shown[0]!} to ${shown.at(-1)!}`
    : `tIoU ${shown.join(', ')}`;
}

function percent(value: number | undefined): string {
  return value === undefined ? '' : (100 * value).toFixed(2);
}

function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function escape(cell: string): string {
  return cell.replaceAll('|', '\\|');
}
