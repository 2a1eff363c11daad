import type { CommandModule } from 'yargs';
import { readRunArguments, runOptions, type RunArguments } from './options.js';

export const command: CommandModule<object, RunArguments> = {
  command: 'head',
  describe: 'Stage 3b: train a fresh head on the features',
  builder: (yargs) => runOptions(yargs).example('$0 head --config configs/demo.yaml --run runs/demo', ''),
  handler: async (args) => {
    const { config, folder, policy } = await readRunArguments(args);
    const [{ withRun }, { head }] = await Promise.all([import('../stages/run.js'), import('../stages/head.js')]);
    await withRun(folder, config, policy, head);
  },
};
