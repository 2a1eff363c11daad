import type { CommandModule } from 'yargs';
import { print } from '../../system/say.js';

interface Arguments {
  run: string;
  out: string;
}

export const command: CommandModule<object, Arguments> = {
  command: 'export',
  describe: 'Put a trained model into one file, for detect --model anywhere',
  builder: (yargs) =>
    yargs
      .option('run', {
        type: 'string',
        demandOption: true,
        requiresArg: true,
        describe: 'run folder of a trained model',
      })
      .option('out', { type: 'string', demandOption: true, requiresArg: true, describe: 'the file to write' })
      .example('$0 export --run runs/demo --out model.lofi', ''),
  handler: async ({ run: folder, out }) => {
    const [{ readRunConfig, withRun }, { exportBundle }] = await Promise.all([
      import('../../stages/run/run.js'),
      import('../../stages/detect/model-bundle.js'),
    ]);
    await withRun(folder, readRunConfig(folder), { dataset: 'kept' }, (run) => {
      exportBundle(run, out);
      return Promise.resolve();
    });
    print(out);
  },
};
