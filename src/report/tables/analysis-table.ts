import {
  characteristics,
  outcomes,
  type Analysis,
  type Bucket,
  type Characteristic,
  type LabelConfusion,
  type Outcome,
} from '../../evaluation/analysis/analysis-types.js';
import { lineOf, printable } from '../../system/printable.js';
import { mean, percent, plainTable, round } from './metrics-table.js';

/** Number of confusions shown: the most frequent ones. */
const CONFUSIONS = 10;

const outcomeNames: Record<Outcome, string> = {
  true_positive: 'true positive',
  double_detection: 'double detection',
  wrong_label: 'wrong label',
  localization: 'localization',
  confusion: 'confusion',
  background: 'background',
};
const characteristicNames: Record<Characteristic, string> = {
  coverage: 'coverage of the video (%)',
  length: 'length (s)',
  num_instances: 'instances of the label in the video',
};

/** The tables of an analysis for the terminal. */
export function analysisTables(analysis: Analysis): string {
  const { counts, subset, tiou, average_mAP_N } = analysis;
  return [
    `${lineOf(subset)}: ${counts.videos} videos, ${counts.instances} instances of ${counts.classes} classes, ` +
      `${counts.detections} detections`,
    `average-mAP_N ${percent(average_mAP_N)} %, the mean over tIoU ${tiou.map(round).join(', ')}`,
    '',
    falsePositiveTable(analysis),
    ...characteristics.flatMap((characteristic) => ['', bucketTable(analysis, characteristic)]),
    '',
    confusionLines(analysis.confusion),
  ].join('\n');
}

function falsePositiveTable({ false_positives, counts }: Analysis): string {
  const { profile, by_tiou, gain, limit } = false_positives;
  const ranks = profile.map(({ multiple }) => `${multiple}G`);
  const table = plainTable(['share (%) of detections', ...ranks, `all ${limit}G`, 'removed']);
  for (const outcome of outcomes) {
    const all = mean(by_tiou.map((numbers) => numbers[outcome])) / counts.detections_considered;
    table.push([
      outcomeNames[outcome],
      ...profile.map(({ share, detections }) => percent(detections === 0 ? undefined : share[outcome])),
      percent(counts.detections_considered === 0 ? undefined : all),
      outcome === 'true_positive' ? '' : `+${percent(gain[outcome])}`,
    ]);
  }
  return [
    table.toString(),
    'G: number of instances of a class; 2G: its detections that rank from G to 2G; ' +
      `removed: gain of average-mAP_N (${percent(false_positives.average_mAP_N)} % for all ${limit}G) without these, ` +
      'in percentage points',
  ].join('\n');
}

function bucketTable({ sensitivity, false_negatives }: Analysis, characteristic: Characteristic): string {
  const buckets = sensitivity[characteristic];
  const table = plainTable([
    characteristicNames[characteristic],
    ...buckets.map((bucket) => range(bucket, characteristic)),
  ]);
  table.push(
    ['instances', ...buckets.map(({ instances }) => String(instances))],
    ['average-mAP_N (%)', ...buckets.map(({ average_mAP_N }) => percent(average_mAP_N ?? undefined))],
    ['missed (%)', ...false_negatives[characteristic].map(({ missed }) => percent(missed ?? undefined))],
  );
  return table.toString();
}

/** Name and bounds of a bucket: `S 30–60`, `XL > 180`. */
function range({ name, above, up_to }: Bucket, characteristic: Characteristic): string {
  const scale = characteristic === 'coverage' ? 100 : 1;
  const from = round(above * scale) + (characteristic === 'num_instances' ? 1 : 0);
  if (up_to === null) return `${name} ${characteristic === 'num_instances' ? '≥' : '>'} ${from}`;
  const to = round(up_to * scale);
  return from === to ? `${name} ${from}` : `${name} ${from}–${to}`;
}

function confusionLines({ tiou, labels, detections, missed }: LabelConfusion): string {
  const pairs = detections.flatMap((row, truth) => row.map((count, predicted) => ({ truth, predicted, count })));
  const wrong = pairs.filter(({ truth, predicted, count }) => truth !== predicted && count > 0);
  wrong.sort((a, b) => b.count - a.count);
  const sum = wrong.reduce((total, { count }) => total + count, 0);
  const name = (label: number) => printable(labels[label]!);
  return [
    `taken for another label: ${sum} of the best G detections of each class, tIoU ≥ ${round(tiou)}; ` +
      `${missed.reduce((a, b) => a + b, 0)} instances missed by all of them`,
    ...wrong
      .slice(0, CONFUSIONS)
      .map(({ truth, predicted, count }) => `  ${name(truth)} → ${name(predicted)}: ${count}`),
  ].join('\n');
}
