import type { CommandModule } from 'yargs';
import { print, printJson, say } from '../../system/say.js';

interface Arguments {
  'ground-truth': string;
  predictions: string;
  subset: string | undefined;
  preset: 'activitynet' | 'thumos14' | 'hacs';
  json: boolean;
}

export const command: CommandModule<object, Arguments> = {
  command: 'analyze',
  describe: "Analyse a detector's errors as DETAD does: error types, sensitivity, missed instances",
  builder: (yargs) =>
    yargs
      .option('ground-truth', { type: 'string', demandOption: true, describe: 'ActivityNet JSON or dataset file' })
      .option('predictions', { type: 'string', demandOption: true, describe: 'ActivityNet result JSON' })
      .option('subset', { type: 'string', describe: "split to analyse (default: the preset's)" })
      .option('preset', {
        choices: ['activitynet', 'thumos14', 'hacs'] as const,
        default: 'activitynet' as const,
        describe: "a benchmark's split, with DETAD's tIoU thresholds and buckets for it",
      })
      .option('json', { type: 'boolean', default: false, describe: 'print one JSON document' })
      .example('$0 analyze --ground-truth dataset.json --predictions detections.json --subset validation', '')
      .example('$0 analyze --ground-truth gt.json --predictions p.json --preset thumos14 --json', ''),
  handler: async (args) => {
    const { readDetections, readGroundTruth } = await import('../../evaluation/result-files.js');
    const { presetSubset } = await import('../../evaluation/select.js');
    const { analysisPresets } = await import('../../evaluation/analysis/bins.js');
    const { analyse } = await import('../../evaluation/analysis/analyse.js');
    const truth = readGroundTruth(args['ground-truth']);
    const predictions = readDetections(args.predictions);
    const subset = args.subset ?? presetSubset(truth, args.preset);
    const analysis = analyse(truth, predictions, { subset, ...analysisPresets[args.preset] });
    const { instances_dropped: dropped, detections_unknown_label: unknown } = analysis.counts;
    if (dropped > 0) {
      say(`instances left out, since they end before they start or last longer than their video: ${dropped}`);
    }
    if (unknown > 0) say(`detections left out, since no instance has their label: ${unknown}`);
    if (args.json) {
      printJson(analysis, 1);
      return;
    }
    const { analysisTables } = await import('../../report/tables/analysis-table.js');
    print(analysisTables(analysis));
  },
};
