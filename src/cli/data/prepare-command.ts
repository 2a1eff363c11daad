import type { CommandModule } from 'yargs';
import { print, say } from '../../system/say.js';

interface PrepareArguments {
  format: string;
  annotations: string;
  videos: string;
  out: string;
}

const problemsShown = 20;

export const command: CommandModule<object, PrepareArguments> = {
  command: 'prepare',
  describe: 'Join an annotation file and a folder of videos into one dataset file',
  builder: (yargs) =>
    yargs
      .option('format', {
        type: 'string',
        demandOption: true,
        describe: 'Format of the annotations: activitynet, thumos, gtad, hacs or csv',
      })
      .option('annotations', {
        type: 'string',
        demandOption: true,
        describe: "Annotation file; for thumos and gtad also a folder of G-TAD's tables",
      })
      .option('videos', { type: 'string', demandOption: true, describe: 'Folder with the video files' })
      .option('out', { type: 'string', demandOption: true, describe: 'Dataset file to write' })
      .example('lofi prepare --format csv --annotations actions.csv --videos videos --out dataset.json', ''),
  handler: async (argv) => {
    const [{ prepareDataset }, { saveDataset, videosOf }, { withProgress }, { printable }, alike] = await Promise.all([
      import('../../data/prepare.js'),
      import('../../data/dataset.js'),
      import('../../system/progress.js'),
      import('../../system/printable.js'),
      import('../../data/annotations/alike.js'),
    ]);
    const { dataset, warnings } = await withProgress('probing videos', (onProgress) =>
      prepareDataset(argv, onProgress),
    );
    const { alikeLabels, alikeSubsets } = alike;
    saveDataset(argv.out, dataset);

    const tell = (line: string) => {
      say(printable(line, 300));
    };
    const problems = dataset.videos.flatMap(({ id, problem }) => (problem === undefined ? [] : [`${id}: ${problem}`]));
    for (const line of problems.slice(0, problemsShown)) tell(line);
    if (problems.length > problemsShown) tell(`… ${problems.length - problemsShown} more unusable videos`);
    for (const line of warnings) tell(line);
    for (const line of alikeLabels(dataset.classes)) tell(line);
    for (const line of alikeSubsets(dataset.videos.map(({ subset }) => subset))) tell(line);
    const splits = [...new Set(dataset.videos.map(({ subset }) => subset))]
      .map((subset) => `${videosOf(dataset, subset).length} ${subset}`)
      .join(', ');
    tell(`${dataset.videos.length} videos (${splits}), ${dataset.classes.length} classes, ${problems.length} unusable`);
    print(argv.out);
  },
};
