import type { CommandModule } from 'yargs';
import { readRunArguments, runOptions, type RunArguments } from './options.js';

export const command: CommandModule<object, RunArguments> = {
  command: 'pretrain',
  describe: 'Stage 1: train the encoder on trimmed clips',
  builder: (yargs) => runOptions(yargs).example('$0 pretrain --config configs/demo.yaml --run runs/demo', ''),
  handler: async (args) => {
    const { config, folder, policy } = await readRunArguments(args);
    const [{ withRun }, { pretrain }] = await Promise.all([
      import('../stages/run.js'),
      import('../stages/pretrain.js'),
    ]);
    await withRun(folder, config, policy, pretrain);
  },
};
