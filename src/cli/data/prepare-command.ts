import type { CommandModule } from 'yargs';
import { print, say } from '../../system/say.js';

interface PrepareArguments {
  format: string;
  annotations: string[];
  videos: string;
  out: string;
  columns: string[] | undefined;
  'point-length': number | undefined;
}

const problemsShown = 20;

export const command: CommandModule<object, PrepareArguments> = {
  command: 'prepare',
  describe: 'Join annotations of any tool and a folder of videos into one dataset file',
  builder: (yargs) =>
    yargs
      .option('format', {
        type: 'string',
        default: 'auto',
        requiresArg: true,
        describe: 'Format of the annotations: auto (told by their content), activitynet, thumos, gtad, hacs or csv',
      })
      .option('annotations', {
        type: 'string',
        array: true,
        demandOption: true,
        requiresArg: true,
        describe: "Annotation files, or folders of them; for thumos and gtad also a folder of G-TAD's tables",
      })
      .option('columns', {
        type: 'string',
        array: true,
        requiresArg: true,
        describe: 'How a table calls its columns: video=NAME,start=NAME,end=NAME,label=NAME,subset=NAME',
      })
      .option('point-length', {
        type: 'number',
        requiresArg: true,
        describe: 'Seconds that point events last, half before and half behind (default: they are left out)',
      })
      .option('videos', { type: 'string', demandOption: true, describe: 'Folder with the video files' })
      .option('out', { type: 'string', demandOption: true, describe: 'Dataset file to write' })
      .example('lofi prepare --annotations lab.boris --videos videos --out dataset.json', '')
      .example('lofi prepare --annotations labels/ --videos videos --out dataset.json', '')
      .example('lofi prepare --annotations t.csv --columns video=File,start=Begin --videos v --out d.json', ''),
  handler: async ({ 'point-length': pointLength, columns, ...argv }) => {
    const [{ prepareDataset }, { saveDataset, videosOf }, { withProgress }, { printable }, alike] = await Promise.all([
      import('../../data/prepare.js'),
      import('../../data/dataset.js'),
      import('../../system/progress.js'),
      import('../../system/printable.js'),
      import('../../data/annotations/alike.js'),
    ]);
    const { parseColumns, parseLength } = await import('./prepare-options.js');
    const request = {
      ...argv,
      columns: parseColumns(columns ?? []),
      ...(pointLength !== undefined && { pointLength: parseLength(pointLength) }),
    };
    const { dataset, warnings } = await withProgress('probing videos', (onProgress) =>
      prepareDataset(request, onProgress),
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
