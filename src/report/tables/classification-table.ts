import type { ClassifierScores } from '../../evaluation/classification/hits.js';
import { lineOf } from '../../system/printable.js';
import { percent, plainTable } from './metrics-table.js';

/** The confusions of a classifier that the terminal shows. */
const mostConfusions = 5;

/** What the table says of a run. */
export interface ClassifiedRow {
  name: string;
  scores: ClassifierScores;
}

/** Hit@1, Hit@3 and Hit@5 of clips and of videos in percent for the terminal, a row for each run. */
export function classificationTable(rows: readonly ClassifiedRow[]): string {
  const columns = ['clip', 'video'].flatMap((what) => [1, 3, 5].map((k) => `${what} Hit@${k}`));
  const table = plainTable(['(%)', ...columns]);
  for (const { name, scores } of rows) {
    const rates = [scores.clip, scores.video].flatMap(({ hit1, hit3, hit5 }) => [hit1, hit3, hit5]);
    table.push([lineOf(name), ...rates.map(percent)]);
  }
  return table.toString();
}

/** A class that was taken for another. */
export interface Confusion {
  label: string;
  taken: string;
  /** Videos of the class that were taken for the other, and all of it. */
  count: number;
  of: number;
}

/** The pairs of classes that are confused, the most frequent first; of equal ones in the order of the classes. */
export function confusions(confusion: readonly (readonly number[])[], classes: readonly string[]): Confusion[] {
  return confusion
    .flatMap((row, i) => {
      const of = row.reduce((sum, count) => sum + count, 0);
      return row.flatMap((count, j) =>
        i === j || count === 0 ? [] : [{ label: classes[i]!, taken: classes[j]!, count, of }],
      );
    })
    .sort((a, b) => b.count - a.count);
}

/** The most frequent confusions as lines: `3 of 9 run taken for jump`. */
export function confusionLines(confusion: readonly (readonly number[])[], classes: readonly string[]): string[] {
  return confusions(confusion, classes)
    .slice(0, mostConfusions)
    .map(({ label, taken, count, of }) => `${count} of ${of} ${lineOf(label)} taken for ${lineOf(taken)}`);
}
