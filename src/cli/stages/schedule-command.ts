import type { CommandModule } from 'yargs';
import { UsageError } from '../../system/errors.js';
import type { PlannedStep } from '../../train/schedule/planned-steps.js';
import { configOptions, type ConfigArguments } from '../options.js';

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
      .option('steps', { type: 'number', describe: 'number of steps to print (default: the whole stage)' })
      .option('json', { type: 'boolean', default: false, describe: 'print one JSON document' })
      .example('$0 schedule --config configs/activitynet/lofi-long.yaml --stage joint --steps 2000 --json', ''),
  handler: async ({ config: file, set, stage, steps, json }) => {
    const { loadConfig } = await import('../../config/load.js');
    const { planStage } = await import('../../train/schedule/planned-steps.js');
    if (steps !== undefined && !(Number.isInteger(steps) && steps > 0)) {
      throw new UsageError('--steps must be a whole number above 0');
    }
    const plan = planStage(loadConfig(file, set).config, stage, steps);
    process.stdout.write(json ? `${JSON.stringify(plan)}\n` : plan.map(line).join(''));
  },
};

function line({ step, epoch, snippets, size, frames, batch, lr }: PlannedStep): string {
  const shape = `${snippets}x${size}${frames === undefined ? '' : ` frames ${frames}`}`;
  return `step ${step} epoch ${epoch} ${shape} batch ${batch} lr ${lr}\n`;
}
