import type { CommandModule } from 'yargs';
import { configOptions, type ConfigArguments } from './options.js';

interface Arguments extends ConfigArguments {
  stage: 'pretrain' | 'joint';
  steps: number | undefined;
  json: boolean;
}

export const command: CommandModule<object, Arguments> = {
  command: 'schedule',
  describe: 'Print the plan of a stage, step by step, without data',
  builder: (yargs) =>
    configOptions(yargs)
      .option('stage', { choices: ['pretrain', 'joint'] as const, demandOption: true, describe: 'which stage' })
      .option('steps', { type: 'number', describe: 'so many steps (default: the whole stage)' })
      .option('json', { type: 'boolean', default: false, describe: 'print one JSON document' })
      .example('$0 schedule --config configs/activitynet/lofi-long.yaml --stage joint --steps 2000 --json', ''),
  handler: async (args) => {
    const { loadConfig } = await import('../config/load.js');
    const { planStage } = await import('../train/plan.js');
    const { config } = loadConfig(args.config, args.set);
    const plan = planStage(config, args.stage, args.steps);
    if (args.json) {
      process.stdout.write(`${JSON.stringify(plan)}\n`);
      return;
    }
    for (const { step, epoch, snippets, size, batch, lr } of plan) {
      process.stdout.write(`step ${step} epoch ${epoch} ${snippets}x${size} batch ${batch} lr ${lr}\n`);
    }
  },
};
