import type { CommandModule } from 'yargs';
import type { Run } from '../../stages/run/run.js';
import { readRunArguments, runOptions, type RunArguments } from '../options.js';
import { ranksOfCall, ranksOption, type RanksArguments } from '../ranks-option.js';
import { print, say } from '../../system/say.js';

interface Arguments extends RunArguments, RanksArguments {
  baseline: boolean;
}

export const command: CommandModule<object, Arguments> = {
  command: 'run',
  describe: 'Run all stages in order, skipping finished ones',
  builder: (yargs) =>
    ranksOption(runOptions(yargs))
      .option('baseline', {
        type: 'boolean',
        default: false,
        describe: "leave out joint, like the paper's ACP: encoder of stage 1, head of stage 3",
      })
      .example('$0 run --config configs/demo.yaml --run runs/demo', '')
      .example('$0 run --config configs/demo.yaml --run runs/demo-baseline --baseline', '')
      .example('$0 run --config configs/demo.yaml --run runs/demo --ranks 2', ''),
  handler: async ({ baseline, ranks: wanted, ...args }) => {
    const { config, folder, policy } = await readRunArguments(args);
    const started = await ranksOfCall(wanted, ['run', ...(baseline ? ['--baseline'] : [])]);
    if (started.done !== undefined) {
      process.exitCode = started.done;
      return;
    }
    const { WorkError, UsageError } = await import('../../system/errors.js');
    const { superviseRun } = await import('../../stages/run/supervise.js');
    const { runStages } = await import('../../stages/pipeline.js');
    const { validates } = await import('../../stages/before-training.js');
    const { stagesOf } = await import('../../config/stages.js');
    const { detectSubset } = await import('../../stages/detect/detect.js');
    const { writePredictionErrors } = await import('../../stages/detect/prediction-errors.js');
    const { breathe, unlessStopped } = await import('../../system/signals.js');
    const { evaluateRun } = await import('../../report/run/evaluate-run.js');
    const { writeReport } = await import('../../report/write-report.js');
    const { runsTable } = await import('../../report/tables/metrics-table.js');
    const work = async (run: Run) => {
      if (baseline && run.store.steps('joint').length > 0) {
        throw new UsageError(`${folder} has a joint stage: give the baseline another --run`);
      }
      await runStages(
        run,
        stagesOf(run).filter((stage) => !(baseline && stage === 'joint')),
      );
      // What follows is computed by rank 0 alone, and the others are done.
      if (!run.team.leads) return 'other rank';
      if (!validates(run)) return null;
      const failures = await unlessStopped(run.stop, detectSubset(run, config.data.validateOn, folder));
      for (const { id, reason } of failures) say(`not done: ${id}: ${reason}`);
      if (failures.length > 0 && config.data.missing === 'fail')
        throw new WorkError(`videos that could not be read: ${failures.length}; the others are done`);
      await breathe(run.stop);
      await writePredictionErrors(run, config.data.validateOn);
      const metrics = evaluateRun(folder, config.data.validateOn, config.evaluation.preset);
      return { ...metrics, page: await writeReport([folder]) };
    };
    const done = await superviseRun(folder, config, policy, work, started.ranks);
    if (done === 'other rank') return;
    if (done === null) {
      say(`run: done, without validation (${folder}): see what it finds by \`lofi detect\``);
      return;
    }
    const { all, available, page } = done;
    const rows = [{ name: folder, metrics: all }];
    if (available) {
      const { videos_missing: missing } = all.counts;
      rows[0]!.name = `${folder}, all ${all.counts.videos} videos`;
      rows.push({ name: `without the ${missing} that could not be used`, metrics: available });
    }
    print(`${runsTable(rows)}\n${page}`);
  },
};
