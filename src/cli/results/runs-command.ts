import { statSync } from 'node:fs';
import path from 'node:path';
import type { CommandModule } from 'yargs';
import type { RunSummary } from '../../checkpoints/summary.js';
import { UsageError } from '../../system/errors.js';
import { lineOf } from '../../system/printable.js';
import { print, printJson, say } from '../../system/say.js';

interface Arguments {
  dir: string;
  json: boolean;
}

/** `lofi runs`: lists the contents of the checkpoint stores. */
export const command: CommandModule<object, Arguments> = {
  command: 'runs [dir]',
  describe: 'List the runs below a folder, or the stages of one run: steps, checkpoints, best metric',
  builder: (yargs) =>
    yargs
      .positional('dir', { type: 'string', default: 'runs', describe: 'A run folder, or a folder of runs' })
      .option('json', { type: 'boolean', default: false, describe: 'Print one JSON document' })
      .example('$0 runs', 'every run below runs/')
      .example('$0 runs runs/demo --json', 'one run: {stages: {joint: {step, sha256, best}, …}}'),
  handler: async ({ dir, json }) => {
    if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory())
      throw new UsageError(`no such folder: ${dir}; give a run folder or a folder of runs`);
    const [{ findRuns, isRunFolder, summarizeRun }, { stages }] = await Promise.all([
      import('../../checkpoints/summary.js'),
      import('../../config/stages.js'),
    ]);
    if (isRunFolder(dir)) {
      const summary = summarizeRun(dir, stages);
      if (json) printJson(toJson(summary), 2);
      else print(await table([[path.basename(path.resolve(dir)), summary]]));
      return;
    }
    const runs = findRuns(dir).map((name): [string, RunSummary] => [name, summarizeRun(path.join(dir, name), stages)]);
    if (json) printJson({ runs: runs.map(([name, summary]) => ({ name, ...toJson(summary) })) }, 2);
    else if (runs.length > 0) print(await table(runs));
    else say(`no runs below ${dir}`);
  },
};

/** The form of the JSON output that the documentation promises. Stages that have not begun are left out. */
function toJson(summary: RunSummary): object {
  const stages = Object.entries(summary).map(([stage, { step, sha256, best }]) => [
    stage,
    { step, sha256, best: best?.value ?? null },
  ]);
  return { stages: Object.fromEntries(stages) as object };
}

async function table(runs: readonly [name: string, summary: RunSummary][]): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const rows = new Table({
    head: ['run', 'stage', 'step', 'checkpoints', 'best', 'sha256'],
    style: { head: [], border: [], compact: true },
  });
  for (const [name, summary] of runs) {
    const stages = Object.entries(summary);
    if (stages.length === 0) rows.push([lineOf(name), 'nothing yet', '', '', '', '']);
    for (const [stage, { step, sha256, best, finished, checkpoints }] of stages)
      rows.push([
        lineOf(name),
        finished ? stage : `${stage} (unfinished)`,
        checkpoints.length === 0 ? `${step} videos` : String(step),
        checkpoints.join(' '),
        best ? `${lineOf(best.metric)} ${best.value.toFixed(4)} at ${best.step}` : '',
        sha256.slice(0, 12),
      ]);
  }
  return rows.toString();
}
