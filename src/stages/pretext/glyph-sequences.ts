import { pretextSteps } from '../../config/pretext/pretext-facts.js';
import type { Config } from '../../config/schema.js';
import { glyphDigits } from '../../data/synth/digits/digit-images.js';
import { readIdxImages } from '../../data/synth/digits/mnist-images.js';
import { MovingDigits } from '../../data/synth/digits/moving-digits.js';
import { UsageError } from '../../system/errors.js';
import { dataPath } from '../run/run-dataset.js';
import { pretextOf, type SequenceData } from './sequences.js';

/** Side of a digit as a part of the canvas, and its way in a frame as a part of the room: 28 of 64 pixels, a tenth. */
const [part, step] = [28 / 64, 0.1];

/**
 * Sequences of digits that move in a frame and bounce off its borders, new ones in every epoch (Srivastava et al. 2015,
 * §3.1).
 *
 * @throws UsageError when `pretext.mnist` cannot be read, or its digits are larger than the canvas.
 */
export function glyphSequences(config: Pick<Config, 'seed' | 'pretext' | 'data'>): SequenceData {
  const { mnist, canvas, digits: count, sequences, ...options } = pretextOf(config);
  const steps = pretextSteps(options);
  const digits = mnist === null ? glyphDigits(Math.round(canvas * part)) : readIdxImages(dataPath(config, mnist));
  if (digits.side > canvas)
    throw new UsageError(`pretext.canvas: digits of ${digits.side} pixels are larger than ${canvas}: set more`);
  const videos = new MovingDigits({ digits, canvas, count, step, seed: config.seed, part: 'train' });
  return {
    channels: videos.channels,
    count: sequences,
    // eslint-disable-next-line @typescript-eslint/require-await -- digits are drawn when they are needed
    async *batches(epoch, batches) {
      for (const items of batches)
        yield {
          ids: items.map((item) => `digits ${item}`),
          sequences: items.map((item) => videos.videos(epoch * sequences + item, 1, steps)),
        };
    },
    moments: null,
  };
}
