import type { CommandModule } from 'yargs';
import type { Config } from '../../config/schema.js';
import { stageFacts, type StageName } from '../../config/stages.js';
import { UsageError } from '../../system/errors.js';
import { ranksOfCall, ranksOption, type RanksArguments } from '../ranks-option.js';
import { readRunArguments, runOptions, type RunArguments } from '../options.js';
import { say } from '../../system/say.js';

/** Stages that several processes can train together, beside `head`, which has a command of its own. */
const shared: readonly StageName[] = ['pretrain', 'joint'];

/** The command of one stage, by its row in the table of stages. */
export function stageCommand(name: StageName): CommandModule<object, RunArguments & Partial<RanksArguments>> {
  const { describe, applies } = stageFacts(name);
  const isShared = shared.includes(name);
  return {
    command: name,
    describe,
    builder: (yargs) =>
      (isShared ? ranksOption(runOptions(yargs)) : runOptions(yargs)).example(
        `$0 ${name} --config configs/demo.yaml --run runs/demo`,
        '',
      ),
    handler: async (args) => {
      const { config, folder, policy } = await readRunArguments(args);
      if (!applies(config)) {
        throw new UsageError(`${reasonOf(name, config)}: ${name} has nothing to do`);
      }
      const started = isShared ? await ranksOfCall(args.ranks, [name]) : { ranks: null };
      if (started.done !== undefined) {
        process.exitCode = started.done;
        return;
      }
      const { ranks } = started;
      const [{ superviseRun }, { runStages }] = await Promise.all([
        import('../../stages/run/supervise.js'),
        import('../../stages/pipeline.js'),
      ]);
      await superviseRun(folder, config, policy, (run) => runStages(run, [name]), ranks);
      say(`${name}: done (${folder})`);
    },
  };
}

/** Why a stage does not apply. */
function reasonOf(name: StageName, { data, pretext }: Config): string {
  if (name === 'pretext' && pretext === null) return 'pretext is null';
  return data.features === null ? 'under this configuration' : 'data.features is set';
}
