import {
  characteristics,
  outcomes,
  type Analysis,
  type Bucket,
  type Characteristic,
} from '../../evaluation/analysis/analysis-types.js';
import { drawChart, type Chart, type Point } from '../charts/charts.js';
import { html, type Html } from '../html.js';
import type { ReportedRun } from '../run/reported-run.js';
import { round } from '../tables/metrics-table.js';
import { countCell, named, percentCell, table } from './page-parts.js';

type AnalysedRun = ReportedRun & { analysis: Analysis };

/** Colours of true positives (green) and of the types of error. */
const outcomeColours = ['#10b981', '#06b6d4', '#8b5cf6', '#eab308', '#f97316', '#ef4444'];
const confusionsShown = 12;

/**
 * DETAD's analysis of the detections: types of error and the cost of each, sensitivity,
 * missed instances, confused labels.
 */
export async function errorsSection(runs: readonly ReportedRun[]): Promise<Html> {
  const analysed = runs.filter((run): run is AnalysedRun => run.analysis !== undefined);
  const [first] = analysed;
  if (first === undefined)
    return html`<section id="errors">
      <h2>Errors</h2>
      <p>Nothing to analyse yet.</p>
    </section>`;
  const names = runs.map((run) => run.name);
  const charts: Html[] = [];
  for (const chart of [...analysed.map(profileChart), gainChart(analysed, names)]) charts.push(await drawChart(chart));
  const kinds: Html[] = [];
  for (const chart of kindCharts(analysed, names)) kinds.push(await drawChart(chart));
  const { background_tiou: background } = first.analysis.false_positives;
  return html`<section id="errors">
    <h2>Errors</h2>
    <p>
      After DETAD (Alwassel et al., ECCV 2018). G is a class's number of instances; of each class the
      ${first.analysis.false_positives.limit}G best detections are looked at. Wrong label and confusion overlap an
      instance of another class, with a tIoU above and below the threshold; localization overlaps one of its own class
      too little; background overlaps none (tIoU below ${background}).
    </p>
    <div class="charts">${charts}</div>
    ${outcomesTable(analysed, runs)}
    <h3>What kinds of instances it finds</h3>
    <p>Average normalised mAP (mAP_N) on the instances of one kind alone, and the share of them that is missed.</p>
    <div class="charts">${kinds}</div>
    ${confusionTable(analysed, runs)}
  </section>`;
}

function profileChart({ name, analysis }: AnalysedRun): Chart {
  return {
    title: `${name}: what the best detections are`,
    kind: 'stack',
    points: analysis.false_positives.profile.flatMap(({ multiple, share }) =>
      outcomes.map((outcome) => ({ x: `${multiple}G`, y: 100 * share[outcome], series: words(outcome) })),
    ),
    series: outcomes.map(words),
    colours: outcomeColours,
    x: 'rank in their class',
    y: '% of detections, mean over tIoU',
    height: 220,
    domain: [0, 100],
  };
}

function gainChart(runs: readonly AnalysedRun[], series: readonly string[]): Chart {
  return {
    title: 'What average mAP_N would gain without each type of error',
    kind: 'bars',
    points: runs.flatMap(({ name, analysis }) =>
      Object.entries(analysis.false_positives.gain).map(([error, gain]) => ({
        x: 100 * gain,
        y: words(error),
        series: name,
      })),
    ),
    series,
    x: 'percentage points',
    y: '',
  };
}

function outcomesTable(analysed: readonly AnalysedRun[], runs: readonly ReportedRun[]): Html {
  return html`<details id="outcomes">
    <summary>Detections by type and tIoU, as a table</summary>
    ${table(
      ['Run', 'tIoU', ...outcomes.map(words), 'together'],
      outcomes.length + 2,
      analysed.flatMap((run) =>
        run.analysis.false_positives.by_tiou.map(
          (counts, t) =>
            html`<tr>
              <td>${named(run, runs.indexOf(run))}</td>
              <td class="number">${round(run.analysis.tiou[t]!)}</td>
              ${outcomes.map((outcome) => countCell(counts[outcome]))}
              ${countCell(outcomes.reduce((sum, outcome) => sum + counts[outcome], 0))}
            </tr>`,
        ),
      ),
    )}
  </details>`;
}

const titles: Record<Characteristic, string> = {
  coverage: 'by part of the video',
  length: 'by length',
  num_instances: 'by instances of the label in the video',
};

/** Charts with a bar for each run and bucket that has instances: how well they are found, and how many are missed. */
function kindCharts(runs: readonly AnalysedRun[], series: readonly string[]): Chart[] {
  const chart = (characteristic: Characteristic, title: string, x: string, points: Point[]): Chart => ({
    title: `${title} ${titles[characteristic]}`,
    kind: 'bars',
    points,
    series,
    x,
    y: '',
    domain: [0, 100],
  });
  const point = (series: string, characteristic: Characteristic, bucket: Bucket, value: number | null): Point[] =>
    value === null ? [] : [{ x: 100 * value, y: bucketName(bucket, characteristic), series }];
  const found = characteristics.map((which) => {
    const points = runs.flatMap(({ name, analysis }) =>
      analysis.sensitivity[which].flatMap((bucket) => point(name, which, bucket, bucket.average_mAP_N)),
    );
    return chart(which, 'Found', 'average mAP_N (%)', points);
  });
  const missed = characteristics.map((which) => {
    const points = runs.flatMap(({ name, analysis }) =>
      analysis.false_negatives[which].flatMap((bucket) => point(name, which, bucket, bucket.missed)),
    );
    return chart(which, 'Missed', 'missed (%)', points);
  });
  return [...found, ...missed];
}

/** Name of a bucket with its bounds and its number of instances: `S 30–60 s (12)`. */
function bucketName({ name, above, up_to: upTo, instances }: Bucket, characteristic: Characteristic): string {
  const factor = characteristic === 'coverage' ? 100 : 1;
  const unit = { coverage: ' %', length: ' s', num_instances: '' }[characteristic];
  // A bucket of counts above 1 and up to 4 has the counts 2 to 4.
  const from = characteristic === 'num_instances' ? above + 1 : round(factor * above);
  const to = upTo === null ? '…' : round(factor * upTo);
  const range = from === to ? String(from) : `${from}–${to}`;
  return `${name} ${range}${unit} (${instances})`;
}

function confusionTable(analysed: readonly AnalysedRun[], runs: readonly ReportedRun[]): Html {
  const confusions = analysed.flatMap((run) => {
    const { labels, detections } = run.analysis.confusion;
    return detections.flatMap((row, truth) =>
      row.flatMap((count, predicted) =>
        truth === predicted || count === 0
          ? []
          : [{ run, truth: labels[truth]!, predicted: labels[predicted]!, count, of: row.reduce((a, b) => a + b, 0) }],
      ),
    );
  });
  if (confusions.length === 0) return html`<p>No label is taken for another.</p>`;
  confusions.sort((a, b) => b.count - a.count);
  return html`<h3>Labels taken for others</h3>
    <p>The most frequent of ${confusions.length}, among the G best detections of each class that lie on an instance.</p>
    ${table(
      ['Run', 'On an instance of', 'said to be', 'Detections', 'of those on it (%)'],
      2,
      confusions.slice(0, confusionsShown).map(
        ({ run, truth, predicted, count, of }) =>
          html`<tr>
            <td>${named(run, runs.indexOf(run))}</td>
            <td>${truth}</td>
            <td>${predicted}</td>
            ${countCell(count)} ${percentCell(count / of)}
          </tr>`,
      ),
    )}`;
}

function words(name: string): string {
  return name.replaceAll('_', ' ');
}
