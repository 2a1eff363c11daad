import type { ClipEntry, ResultEntry } from './entry.js';
import { deviation, mean, pairedDifference } from './statistics.js';

/** The tIoU thresholds that the field quotes. A table has those that its results have. */
const quoted = [0.5, 0.75, 0.95];

const note = `<!-- Made by \`npx tsx tools/results-table.ts\` from results-opening.md, results.json and
clip-results.json; do not edit. -->`;

const preamble = `![Average mAP of every experiment: each seed, mean and standard deviation](images/results.svg)

Everything here was measured on 2 CPU cores with 24 GiB of memory, in float32, and entered by
\`tools/record-result.ts\` from the folder of the run. mAP is in percent. *Training* is the time of all optimiser
steps of all stages, waiting for data included; often other programs ran on the machine at the same time. *Memory*
is the largest resident size of the process at the end of a step. Figures are means ± standard deviations over
seeds; one seed alone says little. *Beside its baseline* is the mean difference of the average mAP, seed by seed, in
points, with its 95 % interval (Student's t). \`DIR\` stands for a folder of your own.
`;

/**
 * The page of all results: first `opening`, then a table for each dataset, subset and list of
 * thresholds, followed by its commands.
 */
export function resultsMarkdown(
  entries: readonly ResultEntry[],
  clips: readonly ClipEntry[],
  opening = '# Measured results\n',
): string {
  const before = `${note}\n\n${opening}\n${preamble}`;
  if (entries.length + clips.length === 0) return `${before}\nNo results yet.\n`;
  const groups = new Map<string, ResultEntry[]>();
  for (const entry of entries) {
    const key = JSON.stringify([entry.dataset, entry.subset, entry.tiou]);
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  const clipSets = [...new Set(clips.map(({ dataset }) => dataset))];
  const clipSections = clipSets.map((dataset) => clipSection(clips.filter((entry) => entry.dataset === dataset)));
  return [before, ...[...groups.values()].map(section), ...clipSections].join('\n');
}

/** Groups entries by experiment, in the order in which they were entered. */
function byExperiment<T extends { experiment: string }>(entries: readonly T[]): T[][] {
  const names = [...new Set(entries.map(({ experiment }) => experiment))];
  return names.map((name) => entries.filter(({ experiment }) => experiment === name));
}

/** The table of stage 1's accuracy: a row for each experiment, over its seeds. */
function clipSection(entries: readonly ClipEntry[]): string {
  const experiments = byExperiment(entries);
  const rows = experiments.map((runs) => [
    runs[0]!.experiment,
    runs.map(({ seed }) => seed).join(', '),
    spread(runs.map(({ top1 }) => top1)),
    spread(runs.map(({ top5 }) => top5)),
    ...costs(runs),
  ]);
  return [
    `## ${entries[0]!.dataset}: clips of stage 1`,
    'Top-1 and top-5 on validation clips after the last epoch, one view, in percent.',
    table(['experiment', 'seeds', 'top-1', 'top-5', 'training', 'memory', 'date'], rows),
    commands(experiments),
  ]
    .map((part) => `${part}\n`)
    .join('\n');
}

/** Cells with the mean time and greatest memory of an experiment's runs, and the date of the last one. */
function costs(runs: readonly (ResultEntry | ClipEntry)[]): string[] {
  return [
    duration(mean(runs.map(({ train_seconds }) => train_seconds))),
    `${Math.max(...runs.map(({ peak_gib }) => peak_gib)).toFixed(1)} GiB`,
    runs.at(-1)!.date,
  ];
}

function commands(experiments: readonly (ResultEntry | ClipEntry)[][]): string {
  const lines = experiments.map(([first]) => `- ${first!.experiment}: \`${first!.command}\``);
  return `Commands, of the first seed:\n\n${lines.join('\n')}`;
}

function section(entries: readonly ResultEntry[]): string {
  const { dataset, subset, tiou } = entries[0]!;
  const columns = quoted.flatMap((threshold) => {
    const at = tiou.findIndex((value) => Math.abs(value - threshold) < 1e-9);
    return at < 0 ? [] : [{ threshold, at }];
  });
  const compared = entries.some(({ baseline }) => baseline !== undefined);
  const head = [
    'experiment',
    'seeds',
    ...columns.map(({ threshold }) => `mAP@${threshold}`),
    'average',
    ...(compared ? ['beside its baseline'] : []),
    'training',
    'memory',
    'date',
  ];
  const experiments = byExperiment(entries);
  const rows = experiments.map((runs) => [
    runs[0]!.experiment,
    runs.map(({ seed }) => seed).join(', '),
    ...columns.map(({ at }) => spread(runs.map(({ mAP }) => mAP[at]!))),
    spread(runs.map(({ average_mAP }) => average_mAP)),
    ...(compared ? [besideBaseline(runs, entries)] : []),
    ...costs(runs),
  ]);
  return [
    `## ${dataset}, ${subset} videos`,
    `The average is over ${thresholds(tiou)}.`,
    table(head, rows),
    commands(experiments),
  ]
    .map((part) => `${part}\n`)
    .join('\n');
}

/** Mean difference of the average mAP from the baseline's, in points; empty where there is no baseline. */
function besideBaseline(runs: readonly ResultEntry[], all: readonly ResultEntry[]): string {
  const { baseline } = runs[0]!;
  const averages = (of: readonly ResultEntry[]) => new Map(of.map(({ seed, average_mAP }) => [seed, average_mAP]));
  const found = pairedDifference(averages(runs), averages(all.filter(({ experiment }) => experiment === baseline)));
  if (!found) return '';
  const sign = found.mean < 0 ? '−' : '+';
  const interval = found.halfWidth === null ? '' : ` ± ${percent(found.halfWidth)}`;
  return `${sign}${percent(Math.abs(found.mean))}${interval}`;
}

function table(head: readonly string[], rows: readonly string[][]): string {
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.map(escape).join(' | ')} |`).join('\n');
}

/** Mean ± standard deviation in percent. */
function spread(values: readonly number[]): string {
  const centre = percent(mean(values));
  return values.length === 1 ? centre : `${centre} ± ${percent(deviation(values))}`;
}

function thresholds(tiou: readonly number[]): string {
  const shown = tiou.map((value) => String(Math.round(value * 1e6) / 1e6));
  return tiou.length > 3
    ? `${tiou.length} tIoU thresholds, ${shown[0]!} to ${shown.at(-1)!}`
    : `tIoU ${shown.join(', ')}`;
}

function percent(value: number): string {
  return (100 * value).toFixed(2);
}

function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function escape(cell: string): string {
  return cell.replaceAll('|', '\\|');
}
