import type { CommandModule } from 'yargs';
import type { Run } from '../stages/run.js';
import { UsageError } from '../system/errors.js';
import { readRunArguments, runOptions, type RunArguments } from './options.js';

/** The command of one stage on the way to features. `load` imports the stage when the command is called. */
export function stageCommand(
  name: string,
  describe: string,
  load: () => Promise<(run: Run) => Promise<unknown>>,
): CommandModule<object, RunArguments> {
  return {
    command: name,
    describe,
    builder: (yargs) => runOptions(yargs).example(`$0 ${name} --config configs/demo.yaml --run runs/demo`, ''),
    handler: async (args) => {
      const { config, folder, policy } = await readRunArguments(args);
      if (config.data.features !== null)
        throw new UsageError(
          `data.features is set: ${name} has nothing to do; train on the published features with lofi head`,
        );
      const [{ superviseRun }, stage] = await Promise.all([import('../stages/supervise.js'), load()]);
      await superviseRun(folder, config, policy, stage);
      process.stderr.write(`${name}: done (${folder})\n`);
    },
  };
}
