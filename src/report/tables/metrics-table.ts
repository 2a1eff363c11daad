import Table from 'cli-table3';
import type { DetectionMetrics } from '../../evaluation/detections.js';
import { lineOf } from '../../system/printable.js';
import type { ProposalMetrics } from '../../evaluation/average-recall.js';

/** The part of an evaluation that a table of runs shows. */
export type MetricsRow = Pick<DetectionMetrics, 'tiou' | 'mAP' | 'average_mAP'>;

/** The tIoU thresholds that papers quote. */
export const QUOTED: readonly number[] = [0.5, 0.75, 0.95];

/**
 * mAP in percent of several runs for the terminal, a row for each: at tIoU 0.5, 0.75, 0.95 and the
 * average over all thresholds.
 */
export function runsTable(runs: readonly { name: string; metrics: MetricsRow }[]): string {
  const table = plainTable(['', ...QUOTED.map((t) => `mAP@${t}`), 'average']);
  for (const { name, metrics } of runs) {
    table.push([lineOf(name), ...QUOTED.map((t) => percent(mapAt(metrics, t))), percent(metrics.average_mAP)]);
  }
  return table.toString();
}

/** One evaluation in percent for the terminal: mAP at each threshold, then AP by class, best first. */
export function detectionTable(metrics: DetectionMetrics): string {
  const table = plainTable(['AP (%) at tIoU', ...metrics.tiou.map((t) => String(round(t))), 'average']);
  table.push(['all classes', ...metrics.mAP.map(percent), percent(metrics.average_mAP)]);
  const classes = Object.entries(metrics.per_class).map(([label, ap]) => ({ label, ap, average: mean(ap) }));
  classes.sort((a, b) => b.average - a.average);
  for (const { label, ap, average } of classes) table.push([lineOf(label), ...ap.map(percent), percent(average)]);
  const { videos, instances, detections_used } = metrics.counts;
  return (
    `${table.toString()}\n${lineOf(metrics.subset)}: ` +
    `${videos} videos, ${instances} instances, ${detections_used} detections`
  );
}

/** Average recall and AUC of proposals in percent for the terminal. */
export function proposalTable(metrics: ProposalMetrics): string {
  const table = plainTable([...Object.keys(metrics.AR).map((n) => `AR@${n} (%)`), 'AUC (%)']);
  table.push([...Object.values(metrics.AR).map(percent), metrics.AUC.toFixed(2)]);
  const { videos, instances, proposals_used } = metrics.counts;
  return (
    `${table.toString()}\n${lineOf(metrics.subset)}: ` +
    `${videos} videos, ${instances} instances, ${proposals_used} proposals`
  );
}

/** mAP at a threshold (as {@link round} gives it); undefined where it was not evaluated. */
export function mapAt(metrics: MetricsRow, tiou: number): number | undefined {
  const index = metrics.tiou.findIndex((t) => round(t) === tiou);
  return index < 0 ? undefined : metrics.mAP[index];
}

/** A fraction as percent with two decimals; – for undefined. */
export function percent(fraction: number | undefined): string {
  return fraction === undefined ? '–' : (100 * fraction).toFixed(2);
}

/** A threshold as people write it: 0.9, not 0.8999999999999999. */
export function round(value: number): number {
  return Number(value.toPrecision(6));
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** A table without colours whose first column is left-aligned. */
export function plainTable(head: string[]): Table.Table {
  return new Table({
    head,
    colAligns: ['left', ...head.slice(1).map(() => 'right' as const)],
    style: { head: [], border: [], compact: true },
  });
}
