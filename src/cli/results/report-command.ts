import type { CommandModule } from 'yargs';

interface Arguments {
  run: string[];
}

export const command: CommandModule<object, Arguments> = {
  command: 'report',
  describe: 'One self-contained page about one or more runs, side by side, in DIR/report/index.html',
  builder: (yargs) =>
    yargs
      .option('run', {
        type: 'string',
        array: true,
        demandOption: true,
        requiresArg: true,
        describe: 'run folder; the page is written into the first',
      })
      .example('$0 report --run runs/demo --run runs/demo-baseline', ''),
  handler: async (args) => {
    const { writeReport } = await import('../../report/write-report.js');
    process.stdout.write(`${await writeReport(args.run)}\n`);
  },
};
