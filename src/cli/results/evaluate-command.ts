import type { CommandModule } from 'yargs';
import type { MissingPolicy } from '../../evaluation/select.js';
import { print, printJson, say } from '../../system/say.js';

interface Arguments {
  'ground-truth': string;
  predictions: string;
  subset: string | undefined;
  tiou: string | undefined;
  preset: 'activitynet' | 'thumos14' | 'hacs';
  metric: 'map' | 'ar';
  'max-average-proposals': number | undefined;
  missing: MissingPolicy;
  json: boolean;
}

export const command: CommandModule<object, Arguments> = {
  command: 'evaluate',
  describe: "Compute ActivityNet's official metrics of a prediction file: mAP, or AR@AN and AUC",
  builder: (yargs) =>
    yargs
      .option('ground-truth', { type: 'string', demandOption: true, describe: 'ActivityNet JSON or dataset file' })
      .option('predictions', { type: 'string', demandOption: true, describe: 'ActivityNet result JSON' })
      .option('subset', { type: 'string', describe: "split to evaluate on (default: the preset's)" })
      .option('tiou', {
        type: 'string',
        describe: "start:step:stop or a list of tIoU thresholds (default: the preset's)",
      })
      .option('preset', {
        choices: ['activitynet', 'thumos14', 'hacs'] as const,
        default: 'activitynet' as const,
        describe: 'thresholds and split of a benchmark',
      })
      .option('metric', {
        choices: ['map', 'ar'] as const,
        default: 'map' as const,
        describe: 'map: of detections with labels; ar: of proposals without labels',
      })
      .option('max-average-proposals', {
        type: 'number',
        describe: 'ar: average number of proposals per video (default: all)',
      })
      .option('missing', {
        choices: ['fail', 'skip'] as const,
        describe: 'videos without predictions: fail, or skip them (default: their instances count as missed)',
      })
      .option('json', { type: 'boolean', default: false, describe: 'print one JSON document' })
      .example('$0 evaluate --ground-truth dataset.json --predictions detections.json --subset validation', '')
      .example('$0 evaluate --ground-truth gt.json --predictions p.json --preset thumos14 --json', '')
      .example('$0 evaluate --ground-truth gt.json --predictions p.json --metric ar --max-average-proposals 100', ''),
  handler: async (args) => {
    const { readDetections, readGroundTruth } = await import('../../evaluation/result-files.js');
    const { parseTiou, presets } = await import('../../evaluation/tiou.js');
    const { presetSubset } = await import('../../evaluation/select.js');
    const { UsageError } = await import('../../system/errors.js');
    const maxAverage = args['max-average-proposals'];
    if (maxAverage !== undefined && !(maxAverage > 0)) {
      throw new UsageError('--max-average-proposals must be a number above 0');
    }
    const preset = presets[args.preset];
    const tiou = args.tiou === undefined ? [...preset.tiou] : parseTiou(args.tiou);
    const truth = readGroundTruth(args['ground-truth']);
    const predictions = readDetections(args.predictions, { labels: args.metric === 'map' });
    const subset = args.subset ?? presetSubset(truth, args.preset);
    const options = { subset, tiou, missing: args.missing };

    if (args.metric === 'map') {
      const { evaluateDetections } = await import('../../evaluation/detections.js');
      const { detectionNotes } = await import('../../report/notes.js');
      const metrics = evaluateDetections(truth, predictions, options);
      for (const note of detectionNotes(metrics)) say(note);
      const { detectionTable } = await import('../../report/tables/metrics-table.js');
      if (args.json) printJson(metrics, 1);
      else print(detectionTable(metrics));
    } else {
      const { evaluateProposals } = await import('../../evaluation/average-recall.js');
      const { proposalNotes } = await import('../../report/notes.js');
      const metrics = evaluateProposals(truth, predictions, { ...options, maxAverage });
      for (const note of proposalNotes(metrics)) say(note);
      const { proposalTable } = await import('../../report/tables/metrics-table.js');
      if (args.json) printJson(metrics, 1);
      else print(proposalTable(metrics));
    }
  },
};
