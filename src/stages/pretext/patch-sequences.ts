import { pretextSteps } from '../../config/pretext/pretext-facts.js';
import type { Config } from '../../config/schema.js';
import type { Video } from '../../data/dataset.js';
import { prefetch } from '../../data/frames/prefetch.js';
import type { FrameSource } from '../../data/frames/request.js';
import { resampled } from '../../data/views/sampling.js';
import { snippetRequest } from '../../data/views/snippets.js';
import { scaleShortSide } from '../../data/views/transform.js';
import { randomStream } from '../../engine/random.js';
import { UsageError } from '../../system/errors.js';
import { readSamples } from '../training/read-samples.js';
import { placesOf, pretextOf, randomPlace, type SequenceData } from './sequences.js';

/**
 * Sequences of patches of real video: one square of `pretext.patch` pixels, at a random place, of so many frames one
 * after the other, as numbers from 0 to 1. Frames are decoded for their batch and then forgotten.
 *
 * @throws UsageError when no video is as long as a sequence.
 */
export function patchSequences(
  config: Pick<Config, 'seed' | 'pretext' | 'data'>,
  all: readonly Video[],
  load: FrameSource,
): SequenceData {
  const { seed, data } = config;
  const { patch, short, ...options } = pretextOf(config);
  const steps = pretextSteps(options);
  const framesOf = (video: Video) => resampled(video, data.fps).frames;
  const videos = all.filter((video) => framesOf(video) >= steps);
  if (videos.length === 0) throw new UsageError(`pretext has no video of ${steps} frames, a sequence of patches`);
  const places = placesOf(videos.map(framesOf), steps);
  const sampling = { frames: steps, stride: 1, fps: data.fps };
  const read = (epoch: number, { item, number }: (typeof places)[number]) => {
    const video = videos[item]!;
    const random = randomStream(seed, 'pretext', 'patch', epoch, video.id, number);
    const from = randomPlace(framesOf(video), steps, random);
    const scale = scaleShortSide(video, short);
    const [x, y] = scale.map((side) => random.below(side - patch + 1)) as [number, number];
    const view = { scale, crop: { x, y, width: patch, height: patch }, flip: false };
    return load(snippetRequest(video, { snippets: 1, size: patch }, sampling, view, false, { from, frames: steps }));
  };
  return {
    channels: patch * patch * 3,
    count: places.length,
    batches: (epoch, batches) =>
      prefetch(
        batches.map((items) => async () => {
          const wanted = items.map((i) => places[i]!);
          const { items: found, frames, skipped } = await readSamples(wanted, data.missing, (one) => read(epoch, one));
          return {
            ids: found.map(({ item }) => videos[item]!.id),
            sequences: frames.map((bytes) => Float32Array.from(bytes, (value) => value / 255)),
            skipped,
          };
        }),
        data.prefetch,
      ),
    moments: null,
  };
}
