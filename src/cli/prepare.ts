import type { CommandModule } from 'yargs';

interface PrepareArguments {
  format: string;
  annotations: string;
  videos: string;
  out: string;
}

const warningsShown = 20;

export const command: CommandModule<object, PrepareArguments> = {
  command: 'prepare',
  describe: 'Join annotations and video files to one dataset file',
  builder: (yargs) =>
    yargs
      .option('format', {
        type: 'string',
        demandOption: true,
        describe: 'Format of the annotations: activitynet or csv',
      })
      .option('annotations', { type: 'string', demandOption: true, describe: 'Annotation file' })
      .option('videos', { type: 'string', demandOption: true, describe: 'Folder with the video files' })
      .option('out', { type: 'string', demandOption: true, describe: 'Dataset file to write' })
      .example('lofi prepare --format csv --annotations actions.csv --videos videos --out dataset.json', ''),
  handler: async (argv) => {
    const [{ prepareDataset }, { saveDataset, videosOf }, { startProgress }] = await Promise.all([
      import('../data/prepare.js'),
      import('../data/dataset.js'),
      import('../system/progress.js'),
    ]);
    let progress: ReturnType<typeof startProgress> | undefined;
    try {
      const { dataset, warnings } = await prepareDataset(argv, (done, total) => {
        progress ??= startProgress('probing videos', total);
        progress.step(done);
      });
      progress?.stop();
      saveDataset(argv.out, dataset);

      const problems = dataset.videos.flatMap(({ id, problem }) =>
        problem === undefined ? [] : [`${id}: ${problem}`],
      );
      printSome(problems, 'unusable videos');
      printSome(warnings, 'warnings');
      const splits = [...new Set(dataset.videos.map(({ subset }) => subset))]
        .map((subset) => `${videosOf(dataset, subset).length} ${subset}`)
        .join(', ');
      process.stderr.write(
        `${dataset.videos.length} videos (${splits}), ${dataset.classes.length} classes, ${problems.length} unusable\n`,
      );
      process.stdout.write(`${argv.out}\n`);
    } finally {
      progress?.stop();
    }
  },
};

function printSome(lines: readonly string[], what: string): void {
  for (const line of lines.slice(0, warningsShown)) process.stderr.write(`${line}\n`);
  if (lines.length > warningsShown) process.stderr.write(`… ${lines.length - warningsShown} more ${what}\n`);
}
