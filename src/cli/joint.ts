import type { CommandModule } from 'yargs';
import { readRunArguments, runOptions, type RunArguments } from './options.js';

export const command: CommandModule<object, RunArguments> = {
  command: 'joint',
  describe: 'Stage 2: train encoder and head together at low fidelity (LoFi)',
  builder: (yargs) => runOptions(yargs).example('$0 joint --config configs/demo.yaml --run runs/demo', ''),
  handler: async (args) => {
    const { config, folder, policy } = await readRunArguments(args);
    const [{ withRun }, { joint }] = await Promise.all([import('../stages/run.js'), import('../stages/joint.js')]);
    await withRun(folder, config, policy, joint);
  },
};
