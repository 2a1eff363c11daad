import type { CommandModule } from 'yargs';
import { makeCacheFolder, removeLeftovers } from '../../system/install/cache.js';
import { WorkError } from '../../system/errors.js';
import { withLock } from '../../system/install/setup-lock.js';
import { findFfmpeg } from '../../video/ffmpeg.js';
import type { Variant } from '../../engine/wheels.js';
import { diagnose, printDiagnosis } from './doctor-command.js';
import { say } from '../../system/say.js';

const engines = ['tensorflow', 'tensorflow-gpu', 'wasm'] as const;

interface Options {
  engine: (typeof engines)[number] | undefined;
  imagenet: boolean;
  json: boolean;
}

export const command: CommandModule<object, Options> = {
  command: 'setup',
  describe: "Find or build the engine and ffmpeg in the user's cache; safe to repeat",
  builder: (yargs) =>
    yargs
      .option('engine', {
        choices: engines,
        describe: 'Engine to set up (default: the one chosen last, at first tensorflow)',
      })
      .option('imagenet', {
        type: 'boolean',
        default: false,
        describe: 'Fetch also the weights for `encoder.weights: imagenet` (17 MB)',
      })
      .option('json', { type: 'boolean', default: false, describe: 'Print what doctor --json prints' })
      .example('$0 setup', 'TensorFlow for the CPU, and ffmpeg')
      .example('$0 setup --engine tensorflow-gpu', 'TensorFlow with CUDA (Linux x86-64; several GB)'),
  handler: async ({ engine, imagenet, json }) => {
    const problems = await setUp(engine, say);
    if (imagenet) await fetchWeights(say);
    for (const problem of problems) say(`problem: ${problem}`);
    printDiagnosis(await diagnose(problems, engine === 'wasm' ? 'wasm' : undefined), json);
  },
};

/**
 * Fetches and builds what is missing, engine and ffmpeg at the same time. Failures are returned as messages,
 * because wasm can still do the work.
 */
async function setUp(engine: Options['engine'], say: (line: string) => void): Promise<string[]> {
  const { buildBinding } = await import('../../engine/binding.js');
  const { fetchFfmpeg } = await import('../../video/ffmpeg-setup.js');
  const variant = await missingVariant(engine, say);
  if (variant === undefined && ffmpegWorks()) return [];
  const problems: string[] = [];
  const unlocked = await problemsOf(() => {
    const cache = makeCacheFolder();
    const onWait = () => {
      say('another set-up is at work: waiting for it');
    };
    return withLock(cache, onWait, async () => {
      removeLeftovers(cache);
      const parts = [
        problemsOf(async () => {
          if (variant !== undefined) await buildBinding(variant, say);
        }),
        // ffmpeg is looked for again, because the set-up that this one waited for has probably fetched it.
        problemsOf(async () => {
          if (!ffmpegWorks()) await fetchFfmpeg(say);
        }),
      ];
      problems.push(...(await Promise.all(parts)).flat());
    });
  });
  return [...problems, ...unlocked];
}

/** Fetches the ImageNet weights. They were asked for by name, so a failure is an error. */
async function fetchWeights(say: (line: string) => void): Promise<void> {
  const { fetchImagenet } = await import('../../stages/weights/imagenet.js');
  await withLock(
    makeCacheFolder(),
    () => {
      say('another set-up is at work: waiting for it');
    },
    () => fetchImagenet(say),
  );
}

/** The variant that must be built; undefined when the wanted one exists. */
async function missingVariant(engine: Options['engine'], say: (line: string) => void): Promise<Variant | undefined> {
  const { wantedEngine } = await import('../../engine/backend.js');
  const { chosenVariant, findBindings, tryLoading } = await import('../../engine/binding.js');
  const wanted = engine ?? (wantedEngine() === 'wasm' ? 'wasm' : chosenVariant());
  if (wanted === 'wasm') return undefined;
  for (const { file, source } of findBindings()) {
    if (source !== 'own') return source === wanted ? undefined : wanted;
    const problems = await problemsOf(() => tryLoading(file));
    if (problems.length === 0) {
      say(`engine: your own binding is used: ${file}`);
      return undefined;
    }
    say(`engine: your own binding is skipped: ${file}: ${problems.join(' ')}`);
  }
  return wanted;
}

function ffmpegWorks(): boolean {
  try {
    findFfmpeg();
    return true;
  } catch (error) {
    // A wrong FFMPEG_PATH is for the caller to correct; set-up takes care only of a missing ffmpeg.
    if (error instanceof WorkError) return false;
    throw error;
  }
}

async function problemsOf(work: () => Promise<unknown>): Promise<string[]> {
  try {
    await work();
    return [];
  } catch (error) {
    if (error instanceof WorkError) return [error.message];
    throw error;
  }
}
