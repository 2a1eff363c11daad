import { blendStills } from '../../data/frames/still.js';
import { randomStream } from '../../engine/random.js';
import { divided } from '../../train/ranks/division.js';

/** The frames of a batch, and which micro-batches they belong to. */
interface FramesOfBatch {
  frames: readonly Uint8Array[];
  groups: readonly number[];
  slots: readonly number[];
}

/**
 * Blends the samples of each micro-batch with still frames of each other (`data.still`), in place. A micro-batch sees
 * nothing of the others, so that it is the same whichever process has it.
 *
 * @param name - Names the random stream of the batch, after the seed.
 */
export function blendMicroBatches(
  { frames, groups, slots }: FramesOfBatch,
  frameBytes: number,
  strength: number,
  [seed, ...name]: readonly [seed: number, ...name: (string | number)[]],
): void {
  if (strength === 0) return;
  for (const { place, from, to } of divided(groups, slots)) {
    const random = randomStream(seed, ...name, ...(place > 0 ? [place] : []));
    blendStills(frames.slice(from, to), frameBytes, strength, random);
  }
}
