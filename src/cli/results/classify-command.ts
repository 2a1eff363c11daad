import type { CommandModule } from 'yargs';
import { print, printJson } from '../../system/say.js';

interface Arguments {
  run: string[];
  subset: string | undefined;
  clips: number;
  views: number;
  root: string | undefined;
  json: boolean;
}

export const command: CommandModule<object, Arguments> = {
  command: 'classify',
  describe: 'Evaluate stage 1 alone: Hit@1, Hit@3 and Hit@5 of clips and videos, and what is confused with what',
  builder: (yargs) =>
    yargs
      .option('run', {
        type: 'string',
        array: true,
        nargs: 1,
        demandOption: true,
        requiresArg: true,
        describe: 'run folder (repeatable: several runs are evaluated one by one and as the mean of their softmax)',
      })
      .option('subset', {
        type: 'string',
        requiresArg: true,
        describe: 'of the list of clips, or else of the dataset (default: what stage 1 is validated on)',
      })
      .option('clips', {
        type: 'number',
        default: 20,
        requiresArg: true,
        describe: 'clips of each video, at random places; 1: the middle',
      })
      .option('views', {
        type: 'number',
        default: 4,
        requiresArg: true,
        describe: 'crops of each clip: 1: centre; 3: along the long side; 4: corners; 10: corners, centre, mirrored',
      })
      .option('root', { type: 'string', requiresArg: true, describe: "new data.root, if the run's clips have moved" })
      .option('json', { type: 'boolean', default: false, describe: 'print one JSON document' })
      .example('$0 classify --run runs/demo', '')
      .example('$0 classify --run runs/slow --run runs/late --subset test --json', '')
      .example('$0 classify --run runs/demo --clips 1 --views 1', 'as stage 1 is validated'),
  handler: async ({ run, subset, clips, views, root, json }) => {
    const [{ UsageError }, { isCrops }] = await Promise.all([
      import('../../system/errors.js'),
      import('../../data/views/clip-views.js'),
    ]);
    if (!Number.isInteger(clips) || clips < 1) throw new UsageError('--clips must be a whole number of at least 1');
    if (!isCrops(views)) throw new UsageError('--views must be 1, 3, 4 or 10');
    const { classifyRuns } = await import('../../stages/classify/classify-runs.js');
    const { runs, average } = await classifyRuns(run, { subset, clips, views, root });
    if (json) {
      const { clip, video, confusion } = average;
      const several = runs.length > 1 ? { runs, average: { clip, video, confusion } } : {};
      printJson({ ...average, ...several }, 1);
      return;
    }
    const { classificationTable, confusionLines } = await import('../../report/tables/classification-table.js');
    const rows = runs.map((scores) => ({ name: scores.run, scores }));
    print(classificationTable(runs.length > 1 ? [...rows, { name: 'average', scores: average }] : rows));
    const { classes, confusion } = average;
    print(`${average.subset}: ${average.videos} videos, ${average.clips} clips; views of each: ${average.views}`);
    for (const line of confusionLines(confusion, classes)) print(line);
  },
};
