import type { CommandModule } from 'yargs';
import type { Candidate, SweepRow } from '../../stages/head/sweep.js';
import { UsageError } from '../../system/errors.js';
import { ranksOfCall, ranksOption, type RanksArguments } from '../ranks-option.js';
import { readRunArguments, runOptions, type RunArguments } from '../options.js';
import { print, printJson, say } from '../../system/say.js';

interface Arguments extends RunArguments, RanksArguments {
  sweep: string | undefined;
  json: boolean;
}

export const command: CommandModule<object, Arguments> = {
  command: 'head',
  describe: 'Stage 3b: train a fresh head on the features',
  builder: (yargs) =>
    ranksOption(runOptions(yargs))
      .option('sweep', {
        type: 'string',
        requiresArg: true,
        describe: 'train with each of several values of a key of head and keep the best by validation mAP',
      })
      .option('json', {
        type: 'boolean',
        default: false,
        describe: 'print the outcome of --sweep as one JSON document',
      })
      .example('$0 head --config configs/demo.yaml --run runs/demo', '')
      .example('$0 head --config configs/demo.yaml --run runs/demo --sweep lr=2e-4,5e-4,1e-3,2e-3,5e-3', ''),
  handler: async ({ sweep, json, ranks: wanted, ...args }) => {
    const { config, folder, policy } = await readRunArguments(args);
    const { superviseRun } = await import('../../stages/run/supervise.js');
    if (sweep === undefined) {
      if (json) throw new UsageError('--json goes with --sweep');
      const started = await ranksOfCall(wanted, ['head']);
      if (started.done !== undefined) {
        process.exitCode = started.done;
        return;
      }
      const { runStages } = await import('../../stages/pipeline.js');
      await superviseRun(folder, config, policy, (run) => runStages(run, ['head']), started.ranks);
      say(`head: done (${folder})`);
      return;
    }
    if (wanted !== undefined) throw new UsageError('--sweep does not go with --ranks');
    const { key, candidates } = await readSweep(sweep, args);
    if (typeof policy.resume === 'number') throw new UsageError('--sweep takes --resume auto or never');
    const { checkBeforeTraining } = await import('../../stages/before-training.js');
    const { sweepHead } = await import('../../stages/head/sweep.js');
    const { rows, best } = await superviseRun(folder, config, policy, (run) => {
      checkBeforeTraining(run, ['head']);
      return sweepHead(run, key, candidates);
    });
    if (json) printJson({ key, candidates: rows, best }, 2);
    else print(await table(key, rows));
    say(
      `head: the best one is now the head of the run (${folder}); ` +
        `put head.${key}: ${best} into ${args.config}, or give --set head.${key}=${best}`,
    );
  },
};

/**
 * Parses a sweep such as `lr=2e-4,5e-4` into its configurations.
 *
 * @throws UsageError when it does not have this form, or a value does not fit the schema.
 */
async function readSweep(
  sweep: string,
  { config, set }: Pick<RunArguments, 'config' | 'set'>,
): Promise<{ key: string; candidates: Candidate[] }> {
  const [, key, list] = /^([A-Za-z.]+)=([^=]+)$/.exec(sweep) ?? [];
  const values = list?.split(',').map((text) => (text.trim() === '' ? NaN : Number(text)));
  if (key === undefined || !values?.every(Number.isFinite))
    throw new UsageError(`--sweep ${sweep}: write a key of head and numbers: lr=2e-4,5e-4,1e-3`);
  const repeated = values.find((value, i) => values.indexOf(value) < i);
  if (repeated !== undefined) throw new UsageError(`--sweep ${sweep}: ${repeated} is listed twice`);
  const { loadConfig } = await import('../../config/load.js');
  const candidates = values.map((value) => ({
    value,
    config: loadConfig(config, [...set, `head.${key}=${value}`]).config,
  }));
  return { key, candidates };
}

async function table(key: string, rows: readonly SweepRow[]): Promise<string> {
  const [{ default: Table }, { percent }] = await Promise.all([
    import('cli-table3'),
    import('../../report/tables/metrics-table.js'),
  ]);
  const lines = new Table({
    head: [`head.${key}`, 'best epoch', 'validation mAP (%)'],
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows)
    lines.push(
      row.error === undefined
        ? [String(row.value), String(row.epoch), percent(row.average_mAP)]
        : [String(row.value), '–', 'failed'],
    );
  return lines.toString();
}
