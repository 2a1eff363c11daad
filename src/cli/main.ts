#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import yargs, { type Argv, type CommandModule } from 'yargs';
import { stages } from '../config/stages.js';
import { LofiError, UsageError } from '../system/errors.js';
import { linesOf } from '../system/printable.js';
import { nearest } from '../system/nearest.js';
import { endingSignals } from '../system/signals.js';
import { sayError } from '../system/say.js';

/**
 * Every command is a file `<folder>/<name>-command.ts`, and those of stages are made of the table of stages. A file is
 * loaded only when its command is called, because help must not wait for an engine.
 */
const commands: Readonly<Record<string, { folder: 'system' | 'data' | 'stages' | 'results'; describe: string }>> = {
  setup: { folder: 'system', describe: "Find or build the engine and ffmpeg in the user's cache; safe to repeat" },
  doctor: { folder: 'system', describe: 'Say which engine and which ffmpeg will be used, and what is wrong' },
  prepare: { folder: 'data', describe: 'Turn annotations of any tool and a folder of videos into one dataset file' },
  'check-videos': { folder: 'data', describe: 'Decode every video of a dataset and list what is missing or broken' },
  synth: { folder: 'data', describe: 'Make a synthetic dataset of real mp4 files' },
  ...Object.fromEntries(stages.map(({ name, describe }) => [name, { folder: 'stages', describe }])),
  run: { folder: 'stages', describe: 'All stages in order, skipping the finished ones' },
  schedule: { folder: 'stages', describe: 'Print the plan of a stage, step by step, without data' },
  estimate: {
    folder: 'stages',
    describe: 'Parameters, operations and memory of each stage and shape, before anything runs',
  },
  detect: { folder: 'results', describe: 'Find actions in videos with a trained model' },
  'export-annotations': {
    folder: 'results',
    describe: 'Write labels or detections for BORIS, ELAN, Label Studio, VIA, Audacity and others',
  },
  export: { folder: 'results', describe: 'Put a trained model into one file, for detect --model anywhere' },
  classify: {
    folder: 'results',
    describe: 'Evaluate stage 1 alone: Hit@1, Hit@3 and Hit@5 of clips and videos, and what is confused with what',
  },
  evaluate: { folder: 'results', describe: 'Compute mAP or AR@AN of detections' },
  analyze: {
    folder: 'results',
    describe: 'Say what a detector gets wrong: types of error, sensitivity, missed instances',
  },
  convert: { folder: 'data', describe: "Convert an encoder's weights to and from PyTorch's names" },
  report: { folder: 'results', describe: 'Make one page about one or several runs' },
  runs: { folder: 'results', describe: 'List the runs, or the stages of one' },
  config: { folder: 'system', describe: 'Print the resolved configuration and where each value came from' },
};

/** Time for which work that a failed command left running may keep the process alive. */
const GRACE_MS = 2000;

await main(process.argv.slice(2));

async function main(args: string[]): Promise<void> {
  for (const [signal, code] of endingSignals) {
    process.on(signal, () => {
      // Work that saves before it stops has a listener of its own and ends the process itself.
      if (process.listenerCount(signal) === 1) process.exit(code);
    });
  }
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // The reader of the output (head, less) has closed it.
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  try {
    await (await parser(args)).parseAsync();
  } catch (error) {
    report(error, args.includes('--verbose'));
  }
}

async function parser(args: string[]): Promise<Argv> {
  const wanted = args.find((arg) => !arg.startsWith('-'));
  const lofi: Argv = yargs(args)
    .scriptName('lofi')
    .usage('$0 COMMAND [options]\n\nLow-fidelity end-to-end training for temporal action localization')
    .option('verbose', { type: 'boolean', default: false, describe: 'Show stack traces of errors', global: true })
    .parserConfiguration({ 'parse-numbers': false, 'parse-positional-numbers': false })
    .version(version())
    .locale('en')
    .strict()
    .exitProcess(false)
    .wrap(process.stdout.isTTY ? Math.min(120, process.stdout.columns) : 100)
    .demandCommand(1, 'no command given; lofi --help lists the commands')
    .fail((message: string | null, error: Error | undefined) => {
      throw error ?? new UsageError(explain(message ?? 'invalid call', lofi, wanted));
    });
  for (const [name, { describe }] of Object.entries(commands)) {
    if (name === wanted) lofi.command(await load(name));
    else lofi.command(name, describe);
  }
  return lofi;
}

async function load(name: string): Promise<CommandModule> {
  const { folder } = commands[name]!;
  const stage = stages.find((stage) => stage.name === name);
  // The head's command searches for its rate too.
  if (stage && name !== 'head')
    return (await import('./stages/stage-command.js')).stageCommand(stage.name) as unknown as CommandModule;
  return ((await import(`./${folder}/${name}-command.js`)) as { command: CommandModule }).command;
}

/** yargs's error message in one line, with the name that was probably meant. */
function explain(message: string, lofi: Argv, wanted: string | undefined): string {
  const line = message.trim().replace(/\s*\n\s*/g, ' ');
  const known = wanted !== undefined && wanted in commands;
  const word = /^Unknown (?:arguments?|commands?): ([^,]+)/.exec(line)?.[1];
  const candidates = known ? optionsOf(lofi) : Object.keys(commands);
  const meant = word === undefined ? undefined : nearest(known ? word : (wanted ?? word), candidates);
  const help = known ? `lofi ${wanted} --help` : 'lofi --help';
  return `${line}. ${meant === undefined ? '' : `Did you mean ${known ? `--${meant}` : meant}? `}See ${help}.`;
}

function optionsOf(lofi: Argv): string[] {
  // This method is public in yargs but missing from its types.
  const { key } = (lofi as unknown as { getOptions(): { key: Record<string, unknown> } }).getOptions();
  return Object.keys(key);
}

function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

/**
 * Reports an error and sets the exit code. The process does not exit at once, so that pending output is still written.
 */
function report(error: unknown, verbose: boolean): void {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const [first = ''] = message.split('\n');
  // What the file system refuses says by itself what is wrong and with which file.
  const clear = error instanceof LofiError || (error instanceof Error && 'code' in error);
  const text = clear ? first : `${first} (--verbose shows where)`;
  if (verbose) process.stderr.write(`${linesOf(`lofi: ${stack ?? text}`)}\n`);
  else sayError(`lofi: ${text}`);
  process.exitCode = error instanceof LofiError ? error.exitCode : 1;
  setTimeout(() => process.exit(), GRACE_MS).unref();
}
