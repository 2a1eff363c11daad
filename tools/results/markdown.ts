import type { ResultEntry } from './entry.js';

/** The thresholds that the field quotes; a table has those that its results have. */
const quoted = [0.5, 0.75, 0.95];

const preamble = `<!-- Made from results.json by \`npx tsx tools/results-table.ts\`; do not edit. -->

# Measured results

Everything here was measured on 2 CPU cores with 24 GiB of memory, in float32, and entered by
\`tools/record-result.ts\` from the folder of the run. mAP is in percent; *training* is the time of all optimiser steps
of all stages, waiting for data included; *memory* is the largest resident size of the process at the end of a step.
Each row is one seed: small differences between rows say little. \`DIR\` stands for a folder of your own.
`;

/** The page of all results: a table for each dataset, subset and list of thresholds, its commands below it. */
export function resultsMarkdown(entries: readonly ResultEntry[]): string {
  if (entries.length === 0) return `${preamble}\nNo results yet.\n`;
  const groups = new Map<string, ResultEntry[]>();
  for (const entry of entries) {
    const key = JSON.stringify([entry.dataset, entry.subset, entry.tiou]);
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [preamble, ...[...groups.values()].map(section)].join('\n');
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
  const lines = [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows].map(
    (cells) => `| ${cells.map(escape).join(' | ')} |`,
  );
  const commands = entries.map(({ experiment, command }) => `- ${experiment}: \`${command}\``);
  return [
    `## ${dataset}, ${subset} videos`,
    `The average is over ${thresholds(tiou)}.`,
    lines.join('\n'),
    `Commands:\n\n${commands.join('\n')}`,
  ]
    .map((part) => `${part}\n`)
    .join('\n');
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
