import { prefetch } from '../../data/frames/prefetch.js';
import { randomStream } from '../../engine/random.js';
import type { Pass } from '../../models/layers/layer.js';
import { concatenated } from '../../system/concatenated.js';
import { startProgress } from '../../system/progress.js';
import type { Run } from '../run/run.js';
import { usableVideos } from '../run/usable-videos.js';
import { fullFidelityRequest, snippetTensors } from './full-fidelity.js';
import type { LoadedEncoder } from './run-encoder.js';

/** Training videos, and snippets of each, whose frames a codebook is fitted to. */
const [mostVideos, snippetsOfVideo] = [48, 8];

/**
 * Fits the encoder's codebook, where it has one, to features of frames of random training videos at full fidelity, as
 * the encoder is now. The videos are there whatever stage 1 learns from.
 *
 * @param normalization - As in the first steps of training: features that are normalised in another way lie elsewhere.
 */
export async function fitCodebook(
  run: Run,
  { encoder, parameters }: LoadedEncoder,
  normalization: Pass['normalization'],
): Promise<void> {
  const { codebook } = encoder;
  if (!codebook) return;
  const { config } = run;
  const random = randomStream(config.seed, 'codebook');
  const drawn = random.shuffled(usableVideos(run, config.data.trainOn)).slice(0, mostVideos);
  const progress = startProgress('codebook', drawn.length);
  const jobs = drawn.map((video) => async () => run.frames.load(fullFidelityRequest(config, video, snippetsOfVideo)));
  const sampled: Float32Array[] = [];
  let [channels, done] = [0, 0];
  try {
    for await (const frames of prefetch(jobs, config.data.prefetch)) {
      for (const part of snippetTensors(config, frames)) {
        try {
          const features = codebook.sample(part, { parameters, normalization });
          channels = features.shape[1];
          sampled.push(features.dataSync<'float32'>());
          features.dispose();
        } finally {
          part.dispose();
        }
      }
      progress.step(++done);
    }
  } finally {
    progress.stop();
  }
  const data = Float64Array.from(concatenated(sampled));
  codebook.fit({ data, count: data.length / channels, channels }, random, parameters);
}
