import type { CommandModule } from 'yargs';
import { configOptions, type ConfigArguments } from '../options.js';
import { print, printJson, say } from '../../system/say.js';

interface Arguments extends ConfigArguments {
  json: boolean;
}

export const command: CommandModule<object, Arguments> = {
  command: 'estimate',
  describe: 'Parameters, operations and memory of each stage and shape, before anything runs',
  builder: (yargs) =>
    configOptions(yargs)
      .option('json', { type: 'boolean', default: false, describe: 'print one JSON document' })
      .example('$0 estimate --config configs/activitynet/lofi-long.yaml --set joint.microBatch=1', ''),
  handler: async ({ config: file, set, json }) => {
    const { loadConfig } = await import('../../config/load.js');
    const { config } = loadConfig(file, set);
    const [{ estimateInChild }, { featureChannels }, { estimateNotes, stagesTooLarge }, { estimateTable }] =
      await Promise.all([
        import('../../stages/estimate/estimate-in-child.js'),
        import('../../stages/estimate/feature-channels.js'),
        import('../../stages/estimate/estimate-notes.js'),
        import('../../report/tables/estimate-table.js'),
      ]);
    const available = process.availableMemory() / 2 ** 30;
    const features = featureChannels(config);
    const stages = await estimateInChild(config, features.channels);
    if (json) printJson({ stages });
    else {
      print(`${estimateTable(stages, available)}\n${available.toFixed(1)} GiB are free here.`);
      for (const line of stagesTooLarge(config, stages, available)) print(line);
    }
    for (const note of estimateNotes(config, stages, features)) say(`note: ${note}`);
  },
};
