import type { CommandModule } from 'yargs';
import { print } from '../../system/say.js';

interface Arguments {
  run: string[];
}

export const command: CommandModule<object, Arguments> = {
  command: 'report',
  describe: 'Make one self-contained page that compares one or more runs: DIR/report/index.html',
  builder: (yargs) =>
    yargs
      .option('run', {
        type: 'string',
        array: true,
        demandOption: true,
        requiresArg: true,
        describe: 'run folder (repeatable); the page is written into the first one',
      })
      .example('$0 report --run runs/demo --run runs/demo-baseline', ''),
  handler: async (args) => {
    const { writeReport } = await import('../../report/write-report.js');
    print(await writeReport(args.run));
  },
};
