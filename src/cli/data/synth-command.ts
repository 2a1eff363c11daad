import type { CommandModule } from 'yargs';
import { say } from '../../system/say.js';

interface Arguments {
  out: string;
  videos: number;
  classes: number;
  seed: number;
}

export const command: CommandModule<object, Arguments> = {
  command: 'synth',
  describe: 'Make a synthetic dataset: mp4 files whose actions can be told apart only by their motion',
  builder: (yargs) =>
    yargs
      .option('out', { type: 'string', demandOption: true, requiresArg: true, describe: 'Folder to create' })
      .option('videos', {
        type: 'number',
        demandOption: true,
        requiresArg: true,
        describe: 'Number of untrimmed videos; three in four for training, the others for validation',
      })
      .option('classes', {
        type: 'number',
        demandOption: true,
        requiresArg: true,
        describe: 'Number of action classes, 1-8',
      })
      .option('seed', {
        type: 'number',
        demandOption: true,
        requiresArg: true,
        describe: 'The same seed gives the same dataset',
      })
      .example('$0 synth --out data/synth --videos 60 --classes 4 --seed 1', 'the dataset of the demo'),
  handler: async ({ out, videos, classes, seed }) => {
    const [{ synthesize }, { startProgress }] = await Promise.all([
      import('../../data/synth/synthesize.js'),
      import('../../system/progress.js'),
    ]);
    let progress: ReturnType<typeof startProgress> | undefined;
    const onProgress = (done: number, total: number) => {
      progress ??= startProgress('synth', total);
      progress.step(done);
    };
    const { made } = await synthesize({ out, videos, classes, seed, onProgress }).finally(() => progress?.stop());
    say(made ? `Made ${out}` : `${out} holds this dataset already`);
  },
};
