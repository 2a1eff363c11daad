import type { Argv } from 'yargs';
import type { Config } from '../config/schema.js';
import type { ResumePolicy } from '../stages/run/policy.js';
import { UsageError } from '../system/errors.js';

/** The options of every command that reads a configuration. */
export interface ConfigArguments {
  config: string;
  set: string[];
}

/** The options of the commands that work on a run folder. */
export interface RunArguments extends ConfigArguments {
  run: string | undefined;
  resume: string;
  'allow-config-change': boolean;
}

export function configOptions(yargs: Argv): Argv<ConfigArguments> {
  return yargs
    .option('config', { type: 'string', demandOption: true, requiresArg: true, describe: 'YAML configuration' })
    .option('set', {
      type: 'string',
      array: true,
      nargs: 1,
      default: [] as string[],
      describe: 'override a key: --set head.lr=1e-3 (repeatable)',
    });
}

export function runOptions(yargs: Argv): Argv<RunArguments> {
  return configOptions(yargs)
    .option('run', { type: 'string', requiresArg: true, describe: 'run folder (default: runs/<name of the config>)' })
    .option('resume', {
      type: 'string',
      default: 'auto',
      describe: 'auto: continue from the newest checkpoint; never: start the stage anew; or the step of a checkpoint',
    })
    .option('allow-config-change', {
      type: 'boolean',
      default: false,
      describe: 'repeat a stage whose configuration or data have changed, instead of refusing',
    });
}

/**
 * Reads the configuration, folder and policy that a command's options name.
 *
 * @throws UsageError when the configuration or an option is wrong.
 */
export async function readRunArguments(
  args: RunArguments,
): Promise<{ config: Config; folder: string; policy: ResumePolicy }> {
  const [{ loadConfig }, path] = await Promise.all([import('../config/load.js'), import('node:path')]);
  const { config } = loadConfig(args.config, args.set);
  const folder = args.run ?? path.join('runs', path.basename(args.config).replace(/\.ya?ml$/, ''));
  return {
    config,
    folder,
    policy: { resume: parseResume(args.resume), allowConfigChange: args['allow-config-change'] },
  };
}

function parseResume(text: string): ResumePolicy['resume'] {
  if (text === 'auto' || text === 'never') return text;
  const step = Number(text);
  if (!Number.isInteger(step) || step < 0)
    throw new UsageError(`--resume ${text}: give auto, never or the step of a checkpoint`);
  return step;
}
