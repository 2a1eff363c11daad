import * as tf from '@tensorflow/tfjs-core';
import type { Config } from '../config/schema.js';
import type { Video } from '../data/dataset.js';
import { snippetRequest } from '../data/snippets.js';
import { evalTransform } from '../data/transform.js';
import { randomStream } from '../engine/random.js';
import { startProgress } from '../system/progress.js';
import { reestimateStatistics } from '../train/reestimate.js';
import { prefetch } from '../data/prefetch.js';
import type { LoadedEncoder } from './encoder.js';
import { usableVideos, type Run } from './run.js';

/** A video's frames `[L, F, S, S, 3]` (RGB bytes) at full fidelity, without chance. */
export async function loadFullFidelity({ config, frames }: Run, video: Video): Promise<Uint8Array> {
  const { encoder, full, data } = config;
  return frames.load(snippetRequest(video, full, encoder, evalTransform(video, full.size, data.resize), false));
}

/** Features `[L, C]` of a video from its frames at full fidelity. */
export function videoFeatures(config: Config, { encoder, parameters }: LoadedEncoder, frames: Uint8Array) {
  const { snippets } = config.full;
  const data = new Float32Array(snippets * encoder.channels);
  let filled = 0;
  for (const part of snippetTensors(config, frames)) {
    const features = tf.tidy(() => encoder.encode(part, { parameters, normalization: 'running' }));
    data.set(features.dataSync<'float32'>(), filled);
    filled += features.size;
    tf.dispose([part, features]);
  }
  return { data, shape: [snippets, encoder.channels] as const };
}

/**
 * Measures the running statistics of batch normalisation anew, on some training videos at full fidelity, which is what
 * `extract` and `detect` see: what training leaves is a mixture of its low-fidelity shapes.
 *
 * @param videos - How many, drawn by chance; all where there are fewer; with 0 the statistics stay as they are.
 */
export async function settleStatistics(
  run: Run,
  { encoder, parameters }: LoadedEncoder,
  videos: number,
): Promise<void> {
  if (videos === 0) return;
  const { config } = run;
  const training = usableVideos(run, config.data.trainOn);
  const drawn = randomStream(config.seed, 'reestimate').shuffled(training).slice(0, videos);
  const progress = startProgress('batch statistics', drawn.length);
  async function* parts(): AsyncGenerator<tf.Tensor> {
    let done = 0;
    const jobs = drawn.map((video) => () => loadFullFidelity(run, video));
    for await (const frames of prefetch(jobs, config.data.prefetch)) {
      yield* snippetTensors(config, frames);
      progress.step(++done);
    }
  }
  await reestimateStatistics(parameters, parts(), (part, pass) => {
    const features = encoder.encode(part, pass);
    part.dispose();
    return features;
  });
  progress.stop();
}

/** Pixels through the encoder at once: bounds the memory where nothing is learnt. */
const pixelsAtOnce = 64 * 224 * 224;

/** A video's frames at full fidelity as tensors `[1, n, F, S, S, 3]`, some snippets at a time; the caller disposes of them. */
function* snippetTensors({ full, encoder }: Config, frames: Uint8Array): Generator<tf.Tensor> {
  const { snippets, size } = full;
  const each = encoder.frames * size * size;
  const most = Math.max(1, Math.floor(pixelsAtOnce / each));
  for (let from = 0; from < snippets; from += most) {
    const to = Math.min(from + most, snippets);
    const bytes = frames.subarray(from * each * 3, to * each * 3);
    yield tf.tensor(new Float32Array(bytes), [1, to - from, encoder.frames, size, size, 3]);
  }
}
