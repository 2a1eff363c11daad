import type { CommandModule } from 'yargs';
import { print, say } from '../../system/say.js';

interface Arguments {
  annotations: string;
  format: string;
  out: string;
  dataset: string | undefined;
  subset: string | undefined;
  'min-score': number | undefined;
}

export const command: CommandModule<object, Arguments> = {
  command: 'export-annotations <annotations>',
  describe: 'Write the labels of a dataset file, or detections, for a labelling tool',
  builder: (yargs) =>
    yargs
      .positional('annotations', {
        type: 'string',
        demandOption: true,
        describe: 'dataset file of lofi prepare, or detections.json of lofi detect',
      })
      .option('format', {
        type: 'string',
        demandOption: true,
        requiresArg: true,
        describe: 'boris, elan, label-studio, via, audacity, deepethogram, srt, vtt or csv',
      })
      .option('out', {
        type: 'string',
        demandOption: true,
        requiresArg: true,
        describe:
          'file to write; a folder for formats with a file for each video (elan, audacity, deepethogram, srt, vtt)',
      })
      .option('dataset', {
        type: 'string',
        requiresArg: true,
        describe: 'for detections.json: the dataset file of the videos, for their paths and frame rates',
      })
      .option('subset', { type: 'string', requiresArg: true, describe: 'only the videos of this split' })
      .option('min-score', {
        type: 'number',
        requiresArg: true,
        describe: "for detections.json: lowest score (default: what detect chose, else a third of the video's best)",
      })
      .example('$0 export-annotations dataset.json --format boris --out lab.boris', '')
      .example('$0 export-annotations found/detections.json --dataset dataset.json --format elan --out eaf', ''),
  handler: async ({ annotations, format, out, dataset, subset, 'min-score': minScore = null }) => {
    const [{ exportFormats }, { writeExports }, { UsageError }, { printable }] = await Promise.all([
      import('../../report/exports/export-formats.js'),
      import('../../report/exports/write-exports.js'),
      import('../../system/errors.js'),
      import('../../system/printable.js'),
    ]);
    const name = (Object.keys(exportFormats) as (keyof typeof exportFormats)[]).find((one) => one === format);
    if (name === undefined)
      throw new UsageError(`--format ${printable(format, 40)}: give one of ${Object.keys(exportFormats).join(', ')}`);
    if (Number.isNaN(minScore)) throw new UsageError('--min-score takes a number');
    const { exportedVideos } = await import('./exported-videos.js');
    const all = exportedVideos(annotations, dataset, minScore);
    const videos = subset === undefined ? all : all.filter((video) => video.subset === subset);
    if (videos.length === 0)
      throw new UsageError(
        `${annotations}: no videos in it${subset === undefined ? '' : ` of subset "${printable(subset, 40)}"`}`,
      );
    const { files, notes } = writeExports(videos, name, out);
    for (const note of notes) say(`warning: ${note}`);
    const actions = videos.reduce((sum, video) => sum + video.actions.length, 0);
    say(`${actions} actions in ${videos.length} videos`);
    print(files.length === 1 ? files[0]! : out);
  },
};
