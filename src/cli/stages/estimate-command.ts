import type { CommandModule } from 'yargs';
import { configOptions, type ConfigArguments } from '../options.js';

interface Arguments extends ConfigArguments {
  json: boolean;
}

export const command: CommandModule<object, Arguments> = {
  command: 'estimate',
  describe: 'Estimate parameters, operations and memory of each stage and shape, before anything runs',
  builder: (yargs) =>
    configOptions(yargs)
      .option('json', { type: 'boolean', default: false, describe: 'print one JSON document' })
      .example('$0 estimate --config configs/activitynet/lofi-long.yaml --set joint.microBatch=1', ''),
  handler: async ({ config: file, set, json }) => {
    const { loadConfig } = await import('../../config/load.js');
    const { config } = loadConfig(file, set);
    const [{ startEngine }, { estimate }, { lessMemory }, { estimateTable }, { UsageError }] = await Promise.all([
      import('../../engine/backend.js'),
      import('../../stages/estimate/estimate.js'),
      import('../../stages/training/out-of-memory-advice.js'),
      import('../../report/tables/estimate-table.js'),
      import('../../system/errors.js'),
    ]);
    if ((await startEngine()).name !== 'tensorflow') {
      throw new UsageError('estimate meters native TensorFlow: run lofi setup, or unset LOFI_ENGINE');
    }
    const available = process.availableMemory() / 2 ** 30;
    const stages = estimate(config);
    if (json) {
      process.stdout.write(`${JSON.stringify({ stages })}\n`);
      return;
    }
    const free =
      `${available.toFixed(1)} GiB of memory are free on this machine. ` +
      `Decoded frames take up to ${config.data.memoryGiB} GiB more (data.memoryGiB).`;
    process.stdout.write(`${estimateTable(stages, available)}\n${free}\n`);
    for (const stage of ['pretrain', 'joint', 'head'] as const) {
      if (!stages[stage] || stages[stage].shapes.every(({ peak_gib }) => peak_gib <= available)) continue;
      const { batch, microBatch } = config[stage];
      process.stdout.write(
        `${stage} does not fit. ${lessMemory(config, stage, Math.min(batch, microBatch ?? batch))}\n`,
      );
    }
  },
};
