import type { CommandModule } from 'yargs';
import type { Output } from '../../report/detections/write-detections.js';
import type { TrainedModel } from '../../stages/detect/trained-model.js';
import { print, say } from '../../system/say.js';

interface Arguments {
  run: string | undefined;
  model: string | undefined;
  videos: string[] | undefined;
  subset: string | undefined;
  out: string | undefined;
  format: string;
  'min-score': number | undefined;
  root: string | undefined;
}

export const command: CommandModule<object, Arguments> = {
  command: 'detect [videos..]',
  describe: 'Find actions in videos with a trained model',
  builder: (yargs) =>
    yargs
      .positional('videos', { type: 'string', array: true, describe: 'video files, or folders of them' })
      .option('run', { type: 'string', requiresArg: true, describe: 'run folder of a trained model' })
      .option('model', {
        type: 'string',
        requiresArg: true,
        describe: 'instead of --run: a bundle made by lofi export',
      })
      .option('subset', {
        type: 'string',
        requiresArg: true,
        describe: "instead of video files: a split of the run's dataset",
      })
      .option('out', {
        type: 'string',
        requiresArg: true,
        describe: 'folder for detections.json and the other files (default: the run folder)',
      })
      .option('format', {
        type: 'string',
        default: 'json',
        requiresArg: true,
        describe:
          'write also a file for each video, OUT/<name of the video>.…, for any of json,srt,vtt,html,csv and, for labelling ' +
          'tools, boris,elan,label-studio,via,audacity,deepethogram',
      })
      .option('min-score', {
        type: 'number',
        requiresArg: true,
        describe:
          "lowest score that subtitles and files for labelling tools show (default: a third of the video's best)",
      })
      .option('root', { type: 'string', requiresArg: true, describe: "new data.root, if the run's dataset has moved" })
      .example('$0 detect --model model.lofi --out found --format srt,html my.mp4', '')
      .example('$0 detect --run runs/demo --out found videos/', '')
      .example('$0 detect --run runs/demo --subset validation', ''),
  handler: async ({ run, model, subset, out, root, 'min-score': minScore = null, ...args }) => {
    const [{ UsageError, WorkError }, { parseFormats }] = await Promise.all([
      import('../../system/errors.js'),
      import('../../report/detections/write-detections.js'),
    ]);
    const files = args.videos ?? [];
    if ((run === undefined) === (model === undefined)) throw new UsageError('give --run DIR or --model FILE');
    if ((subset === undefined) === (files.length === 0))
      throw new UsageError('give video files, or --subset of a dataset split');
    if (model !== undefined && subset !== undefined)
      throw new UsageError("--subset names a split of a run's dataset: give --run DIR, or video files");
    const folder = out ?? (subset === undefined ? undefined : run);
    if (folder === undefined) throw new UsageError('detect: --out FOLDER is needed for video files');
    if (Number.isNaN(minScore)) throw new UsageError('--min-score takes a number');
    const output = { folder, formats: parseFormats(args.format), minScore };
    const failures =
      model === undefined
        ? await detectWithRun(run!, subset ?? files, output, root)
        : await detectWithModel(model, files, output);
    for (const { id, reason } of failures) say(`not done: ${id}: ${reason}`);
    print(`${folder}/detections.json`);
    if (failures.length > 0)
      throw new WorkError(`videos that could not be read: ${failures.length}; the others are done`);
  },
};

/** Detects in files, or in the split of the run's dataset that `what` names. */
async function detectWithRun(folder: string, what: string | string[], output: Output, root: string | undefined) {
  const [{ readRunConfig, withRun }, { detectSubset }, { modelOfRun }] = await Promise.all([
    import('../../stages/run/run.js'),
    import('../../stages/detect/detect.js'),
    import('../../stages/detect/trained-model.js'),
  ]);
  const config = readRunConfig(folder);
  if (root !== undefined) config.data.root = root;
  return withRun(folder, config, { dataset: root === undefined ? 'kept' : 'fresh' }, (run) =>
    typeof what === 'string'
      ? detectSubset(run, what, output.folder, output)
      : detectInFiles(modelOfRun(run), what, output),
  );
}

async function detectWithModel(file: string, videos: string[], output: Output) {
  const [{ startEngine }, { loadBundle }] = await Promise.all([
    import('../../engine/backend.js'),
    import('../../stages/detect/model-bundle.js'),
  ]);
  await startEngine();
  return detectInFiles(loadBundle(file), videos, output);
}

/** Detects in video files; the model is freed afterwards. */
async function detectInFiles(trained: TrainedModel, videos: string[], output: Output) {
  using model = trained;
  const [{ detectFiles }, { writeDetections }] = await Promise.all([
    import('../../stages/detect/detect-files.js'),
    import('../../report/detections/write-detections.js'),
  ]);
  return await writeDetections(output, detectFiles(model, videos));
}
