import { thin, type Chart, type Point } from './charts.js';
import type { LogEntry } from '../run/run-folder.js';

/** Number of points of one line in a training chart, enough for its width in pixels. */
const MOST_POINTS = 300;

interface NamedLog {
  name: string;
  log: readonly LogEntry[];
}

/** The stages that occur in any of the logs, in order of appearance. */
export function stagesOf(runs: readonly NamedLog[]): string[] {
  return [...new Set(runs.flatMap(({ log }) => log.map((entry) => entry.stage)))];
}

/** The curves of one stage for all runs. A chart without points is left out. */
export function trainingCharts(runs: readonly NamedLog[], stage: string): Chart[] {
  const names = runs.map((run) => run.name);
  const entries = runs.flatMap(({ name, log }) =>
    log.filter((entry) => entry.stage === stage).map((entry) => ({ name, entry })),
  );
  /** One value for each entry, or several named ones. */
  const points = (values: (entry: LogEntry, run: string) => [series: string, y: number | undefined][]) =>
    thin(
      entries.flatMap(({ name, entry }) =>
        values(entry, name).flatMap(([series, y]) =>
          entry.step !== undefined && Number.isFinite(y) ? [{ x: entry.step, y: y!, series }] : [],
        ),
      ),
      MOST_POINTS,
    );
  const byRun = (of: (entry: LogEntry) => number | undefined) => points((entry, run) => [[run, of(entry)]]);
  const named = (of: (entry: LogEntry) => Record<string, number> | undefined) =>
    points((entry, run) =>
      Object.entries(of(entry) ?? {}).map(([key, value]) => [runs.length > 1 ? `${key} · ${run}` : key, value]),
    );
  const line = (title: string, y: string, list: Point[], series = names): Chart => ({
    title: `${stage}: ${title}`,
    kind: 'line',
    points: list,
    series: series.filter((name) => list.some((point) => point.series === name)),
    x: 'step',
    y,
  });

  const terms = named((entry) => entry.terms);
  const metrics = named((entry) => entry.metrics);
  const waited = ({ wait, seconds }: LogEntry) => (wait === undefined || !seconds ? undefined : (100 * wait) / seconds);
  return [
    line(
      'loss',
      'loss',
      byRun((entry) => entry.loss),
    ),
    line('loss terms', 'loss', terms, seriesOf(terms)),
    line('validation', '', metrics, seriesOf(metrics)),
    line(
      'learning rate',
      'learning rate',
      byRun((entry) => entry.lr),
    ),
    shapeChart(entries, stage, names),
    line(
      'time a step',
      'seconds',
      byRun((entry) => entry.seconds),
    ),
    line('waiting for data', '% of the step', byRun(waited)),
    line(
      'memory',
      'MiB resident',
      byRun((entry) => entry.rssMiB),
    ),
  ].filter((chart) => chart.points.length > 0);
}

/** The fidelity at which each step was trained; long logs are sampled evenly. */
function shapeChart(entries: { name: string; entry: LogEntry }[], stage: string, names: string[]): Chart {
  const shaped = entries.flatMap(({ name, entry: { step, shape } }) =>
    step === undefined || shape === undefined ? [] : [{ x: step, y: shape, series: name }],
  );
  const every = Math.ceil(shaped.length / (MOST_POINTS * names.length));
  return {
    title: `${stage}: fidelity (snippets × side)`,
    kind: 'steps',
    points: shaped.filter((_, i) => i % every === 0),
    series: names.filter((name) => shaped.some((point) => point.series === name)),
    x: 'step',
    y: '',
  };
}

function seriesOf(points: readonly Point[]): string[] {
  return [...new Set(points.map((point) => point.series))];
}
