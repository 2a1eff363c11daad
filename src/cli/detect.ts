import type { CommandModule } from 'yargs';

interface Arguments {
  run: string;
  videos: string[] | undefined;
  subset: string | undefined;
  out: string | undefined;
  root: string | undefined;
}

export const command: CommandModule<object, Arguments> = {
  command: 'detect [videos..]',
  describe: 'Find actions in videos with a trained model',
  builder: (yargs) =>
    yargs
      .positional('videos', { type: 'string', array: true, describe: 'video files' })
      .option('run', {
        type: 'string',
        demandOption: true,
        requiresArg: true,
        describe: 'run folder of a trained model',
      })
      .option('subset', {
        type: 'string',
        requiresArg: true,
        describe: "instead of files: a split of the run's dataset",
      })
      .option('out', {
        type: 'string',
        requiresArg: true,
        describe: 'folder for detections.json (default: the run folder)',
      })
      .option('root', { type: 'string', requiresArg: true, describe: "data.root, where the run's dataset has moved" })
      .example('$0 detect --run runs/demo --out found my.mp4', '')
      .example('$0 detect --run runs/demo --subset validation', ''),
  handler: async (args) => {
    const { UsageError, WorkError } = await import('../system/errors.js');
    const files = args.videos ?? [];
    if ((args.subset === undefined) === (files.length === 0)) {
      throw new UsageError('give video files, or --subset of a dataset split');
    }
    if (files.length > 0 && args.out === undefined)
      throw new UsageError('detect: --out FOLDER is needed for video files');
    const [{ readRunConfig, withRun, goOn }, { detectFiles, detectSubset }] = await Promise.all([
      import('../stages/run.js'),
      import('../stages/detect.js'),
    ]);
    const config = readRunConfig(args.run);
    if (args.root !== undefined) config.data.root = args.root;
    const out = args.out ?? args.run;
    const failures = await withRun(
      args.run,
      config,
      goOn,
      (run) => (args.subset === undefined ? detectFiles(run, files, out) : detectSubset(run, args.subset, out)),
      args.root === undefined ? 'kept' : 'fresh',
    );
    for (const { id, reason } of failures) process.stderr.write(`not done: ${id}: ${reason}\n`);
    process.stdout.write(`${out}/detections.json\n`);
    if (failures.length > 0)
      throw new WorkError(`videos that could not be read: ${failures.length}; the others are done`);
  },
};
