import type { Random } from '../../engine/random.js';

/**
 * Background erasing (Wang et al., CVPR 2021, eq. 1): blends every frame of a sample with one still frame of
 * another of the samples, so that the scene tells less about the action and the motion tells more. A sample
 * that is alone is blended with a frame of its own. Samples are changed in place; the still frames are
 * taken from the unchanged samples.
 *
 * @param samples - Each `[frames, size, size, 3]` bytes.
 * @param frameBytes - size · size · 3.
 * @param strength - The weight of the still frame is uniform in 0..strength. With 0 nothing is drawn or changed.
 */
export function blendStills(
  samples: readonly Uint8Array[],
  frameBytes: number,
  strength: number,
  random: Random,
): void {
  if (strength === 0) return;
  const stills = samples.map((sample) => frameOf(sample, random.below(sample.length / frameBytes), frameBytes).slice());
  const offset = samples.length > 1 ? 1 + random.below(samples.length - 1) : 0;
  samples.forEach((sample, i) => {
    const share = strength * random.uniform();
    const still = stills[(i + offset) % stills.length]!;
    for (let at = 0; at < sample.length; at += frameBytes) blend(sample, at, still, share);
  });
}

/**
 * {@link blendStills} within each of some groups of samples, which see nothing of each other.
 *
 * @param groups - The samples `from` ≤ i < `to` of each.
 * @param randomOf - The random numbers of a group by its place.
 */
export function blendStillsWithin(
  samples: readonly Uint8Array[],
  groups: readonly { place: number; from: number; to: number }[],
  frameBytes: number,
  strength: number,
  randomOf: (...place: number[]) => Random,
): void {
  if (strength === 0) return;
  // The random numbers of the first group are those of a batch that is not divided.
  for (const { place, from, to } of groups)
    blendStills(samples.slice(from, to), frameBytes, strength, place === 0 ? randomOf() : randomOf(place));
}

const frameOf = (sample: Uint8Array, index: number, frameBytes: number) =>
  sample.subarray(index * frameBytes, (index + 1) * frameBytes);

function blend(sample: Uint8Array, at: number, still: Uint8Array, share: number): void {
  for (let i = 0; i < still.length; i++) {
    const byte = sample[at + i]!;
    sample[at + i] = Math.round(byte + share * (still[i]! - byte));
  }
}
