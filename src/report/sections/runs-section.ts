import { readFileSync } from 'node:fs';
import { html, type Html } from '../html.js';
import type { ReportedRun } from '../run/reported-run.js';
import { encoderWords, headWords, stageWords } from '../run/model-words.js';
import type { StageState } from '../run/run-folder.js';
import { stagesOf } from '../charts/training-charts.js';
import { countCell, named, table } from './page-parts.js';

/** The runs' models, seeds and data, and for each stage how far it came, on which engine, and its cost. */
export function runsSection(runs: readonly ReportedRun[]): Html {
  const stages = runs.flatMap((run, index) => stagesOf([run]).map((stage) => stageRow(run, index, stage)));
  return html`<section id="runs">
    <h2>What was run</h2>
    ${table(
      ['Run', 'Encoder', 'Head', 'Seed', 'Data'],
      0,
      runs.map(
        (run, index) =>
          html`<tr>
            <td>${named(run, index)}</td>
            <td>${encoderWords(run.config)}</td>
            <td>${headWords(run.config)}</td>
            <td>${text(run.config.seed)}</td>
            <td>${dataCounts(run)}</td>
          </tr>`,
      ),
    )}
    ${
      stages.length === 0
        ? html`<p>No stage has begun.</p>`
        : table(
            ['Run', 'Stage', 'Engine', 'Begun', 'Best', 'Steps', 'Reads left out', 'Time', 'Most memory'],
            4,
            stages,
          )
    }
    <p>Page written by lofi-tal ${version()} on Node ${process.version}.</p>
  </section>`;
}

/** A row for a stage. Time is that of the recorded steps, without validation; memory is the process's resident size. */
function stageRow(run: ReportedRun, index: number, stage: string): Html {
  const entries = run.log.filter((entry) => entry.stage === stage);
  const state = run.stages.find((found) => found.stage === stage);
  const seconds = entries.reduce((sum, entry) => sum + (entry.seconds ?? 0), 0);
  const memory = entries.reduce((most, entry) => Math.max(most, entry.rssMiB ?? 0), 0);
  const steps = entries.reduce((last, entry) => Math.max(last, entry.step ?? 0), 0);
  const leftOut = entries.reduce((sum, entry) => sum + (entry.skipped?.length ?? 0), 0);
  return html`<tr>
    <td>${named(run, index)}</td>
    <td>${stageWords(run.config, stage)}${state?.finished === true ? '' : ' (unfinished)'}</td>
    <td>${state?.engine ?? '–'}</td>
    <td>${entries[0]?.time?.slice(0, 16).replace('T', ' ') ?? '–'}</td>
    <td>${bestOf(state)}</td>
    ${countCell(steps)} ${countCell(leftOut)}
    <td class="number">${duration(seconds)}</td>
    <td class="number">${memory > 0 ? `${(memory / 1024).toFixed(2)} GiB` : '–'}</td>
  </tr>`;
}

function bestOf(state: StageState | undefined): string {
  return state?.best ? `${state.best.metric} ${state.best.value.toFixed(4)} at step ${state.best.step}` : '–';
}

function duration(seconds: number): string {
  const minutes = seconds / 60;
  if (minutes < 1) return `${seconds.toFixed(1)} s`;
  return minutes < 60 ? `${minutes.toFixed(1)} min` : `${(minutes / 60).toFixed(1)} h`;
}

/** Counts of a run's dataset: `validation: 16 videos, 70 instances; …`. */
function dataCounts({ dataset }: ReportedRun): string {
  const videos = Object.values(dataset?.database ?? {});
  const subsets = [...new Set(videos.map((video) => video.subset))];
  const labels = new Set(videos.flatMap((video) => video.annotations.map((a) => a.label)));
  const parts = subsets.map((subset) => {
    const of = videos.filter((video) => video.subset === subset);
    return `${subset}: ${of.length} videos, ${of.reduce((sum, v) => sum + v.annotations.length, 0)} instances`;
  });
  return subsets.length === 0 ? '–' : `${parts.join('; ')}; ${labels.size} classes`;
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '–';
}

function version(): string {
  const manifest = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
