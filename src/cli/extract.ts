import type { CommandModule } from 'yargs';
import { readRunArguments, runOptions, type RunArguments } from './options.js';

export const command: CommandModule<object, RunArguments> = {
  command: 'extract',
  describe: 'Stage 3a: compute features with the frozen encoder',
  builder: (yargs) => runOptions(yargs).example('$0 extract --config configs/demo.yaml --run runs/demo', ''),
  handler: async (args) => {
    const { config, folder, policy } = await readRunArguments(args);
    const [{ withRun }, { extract }] = await Promise.all([import('../stages/run.js'), import('../stages/extract.js')]);
    await withRun(folder, config, policy, extract);
  },
};
