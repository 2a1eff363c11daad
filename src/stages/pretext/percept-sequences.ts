import { pretextSteps } from '../../config/pretext/pretext-facts.js';
import type { Config } from '../../config/schema.js';
import { randomStream } from '../../engine/random.js';
import { UsageError } from '../../system/errors.js';
import { say } from '../../system/say.js';
import type { Percepts } from './percepts.js';
import { placesOf, pretextOf, randomPlace, type SequenceData } from './sequences.js';

/**
 * Sequences of features at random places of videos. Videos that are shorter than a sequence are left out. The features
 * of a batch's videos are read for the batch and then forgotten.
 *
 * @throws UsageError when no video is as long as a sequence.
 */
export function perceptSequences(config: Pick<Config, 'seed' | 'pretext'>, percepts: Percepts): SequenceData {
  const { seed } = config;
  const steps = pretextSteps(pretextOf(config));
  const { channels } = percepts;
  const videos = percepts.videos.filter(({ snippets }) => snippets >= steps);
  const short = percepts.videos.length - videos.length;
  if (videos.length === 0)
    throw new UsageError(
      percepts.videos.length === 0
        ? 'pretext has no video to learn from: set data.unlabelled, or give training videos'
        : `pretext: no video has the ${steps} snippets of a sequence: set pretext.past and pretext.future to fewer`,
    );
  if (short > 0) say(`warning: pretext: left out ${short} videos of fewer than ${steps} snippets, a sequence`);
  const places = placesOf(
    videos.map(({ snippets }) => snippets),
    steps,
  );
  return {
    channels,
    count: places.length,
    // eslint-disable-next-line @typescript-eslint/require-await -- features are read when they are needed
    async *batches(epoch, batches) {
      for (const items of batches) {
        const drawn = items.map((i) => {
          const { item, number } = places[i]!;
          const video = videos[item]!;
          const start = randomPlace(
            video.snippets,
            steps,
            randomStream(seed, 'pretext', 'place', epoch, video.id, number),
          );
          return { id: video.id, rows: video.read().data.slice(start * channels, (start + steps) * channels) };
        });
        yield { ids: drawn.map(({ id }) => id), sequences: drawn.map(({ rows }) => rows) };
      }
    },
    *moments() {
      for (const video of videos) yield video.read();
    },
  };
}
