import * as tf from '@tensorflow/tfjs-core';
import type { Features } from '../../checkpoints/feature-store.js';
import type { Config } from '../../config/schema.js';
import type { Video } from '../../data/dataset.js';
import type { FrameRequest } from '../../data/frames/request.js';
import { prefetch } from '../../data/frames/prefetch.js';
import { resampled } from '../../data/views/sampling.js';
import { snippetRequest, type View } from '../../data/views/snippets.js';
import { trainingView } from '../../data/views/training-view.js';
import { evalTransform } from '../../data/views/transform.js';
import { randomStream } from '../../engine/random.js';
import { WorkError } from '../../system/errors.js';
import { startProgress } from '../../system/progress.js';
import { reestimateStatistics } from '../../train/reestimate.js';
import type { LoadedEncoder } from './run-encoder.js';
import { usableVideos, type Run } from '../run/run.js';

/** The frames of so many snippets of a video at full fidelity: in view 0 as detection sees them, in others as `head.views` says. */
export function fullFidelityRequest(config: Config, video: Video, snippets: number, view = 0): FrameRequest {
  const { encoder, full, data } = config;
  const sampling = { ...encoder, fps: data.fps };
  return snippetRequest(video, { snippets, size: full.size }, sampling, viewOf(config, video, view), false);
}

function viewOf({ seed, full: { size }, data }: Config, video: Video, view: number): View {
  if (view === 0) return evalTransform(video, size, data.resize);
  return trainingView(data, video, size, randomStream(seed, 'extract', 'view', view, video.id));
}

/** Snippets of a video where the head sees windows: one every so many frames. */
export function snippetsEvery(every: number, video: Pick<Video, 'frames' | 'fps'>, fps: number | null): number {
  return Math.max(1, Math.ceil(resampled(video, fps).frames / every));
}

/** Some of a video's snippets. */
interface VideoPart {
  /** Their frames `[n, F, S, S, 3]` (RGB bytes). */
  load: () => Promise<Uint8Array>;
  last: boolean;
}

/**
 * A video as its features are made: `full.snippets` snippets, or, where the head sees windows, one every so many frames, however many those
 * are. They are read in parts of `full.snippets`, so that long videos fit into memory.
 */
function partsOf({ config, frames }: Run, video: Video, view: number): VideoPart[] {
  const { full, model, encoder, data } = config;
  const snippets = model.window ? snippetsEvery(model.window.every, video, data.fps) : full.snippets;
  return Array.from({ length: Math.ceil(snippets / full.snippets) }, (_, i) => ({
    load: async () => {
      const request = fullFidelityRequest(config, video, snippets, view);
      const [from, to] = [i, i + 1].map((part) => part * full.snippets * encoder.frames) as [number, number];
      return frames.load({ ...request, indices: request.indices.slice(from, to) });
    },
    last: (i + 1) * full.snippets >= snippets,
  }));
}

/** A video with its features, or why it has none. */
export type FeaturesFound =
  { video: Video; features: Features; error?: undefined } | { video: Video; features?: undefined; error: WorkError };

/** Features `[L, C]` of videos at full fidelity in one of their views, in their order, frames read ahead. */
export async function* fullFidelityFeatures(
  run: Run,
  loaded: LoadedEncoder,
  videos: readonly Video[],
  view = 0,
): AsyncGenerator<FeaturesFound> {
  const jobs = videos.flatMap((video) =>
    partsOf(run, video, view).map(({ load, last }) => async () => {
      try {
        return { video, last, frames: await load() };
      } catch (error) {
        if (error instanceof WorkError) return { video, last, error };
        throw error;
      }
    }),
  );
  let parts: Float32Array[] = [];
  let failed: WorkError | undefined;
  for await (const { video, last, frames, error } of prefetch(jobs, run.config.data.prefetch)) {
    failed ??= error;
    if (frames && !failed) parts.push(...encodeFrames(run.config, loaded, frames));
    if (!last) continue;
    yield failed ? { video, error: failed } : { video, features: joinFeatures(parts, loaded.encoder.channels) };
    [parts, failed] = [[], undefined];
  }
}

/** Features of frames, some snippets at a time: `[n, C]` each. */
export function* encodeFrames(config: Config, { encoder, parameters }: LoadedEncoder, frames: Uint8Array) {
  for (const part of snippetTensors(config, frames)) {
    const features = tf.tidy(() => encoder.encode(part, { parameters, normalization: 'running' }));
    yield features.dataSync<'float32'>();
    tf.dispose([part, features]);
  }
}

function joinFeatures(parts: readonly Float32Array[], channels: number): Features {
  const data = new Float32Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return { data, shape: [data.length / channels, channels] };
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
    const jobs = drawn.map(
      (video) => async () => run.frames.load(fullFidelityRequest(config, video, config.full.snippets)),
    );
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

/** Snippets at full fidelity that go through the encoder at once: bounds the memory where nothing is learnt. */
export function snippetsAtOnce({ full: { size }, encoder }: Config): number {
  return Math.max(1, Math.floor(pixelsAtOnce / (encoder.frames * size * size)));
}

const pixelsAtOnce = 64 * 224 * 224;

/** A video's frames at full fidelity as tensors `[1, n, F, S, S, 3]`, some snippets at a time; the caller disposes of them. */
function* snippetTensors(config: Config, frames: Uint8Array): Generator<tf.Tensor> {
  const {
    encoder,
    full: { size },
  } = config;
  const each = encoder.frames * size * size;
  const snippets = frames.length / (each * 3);
  const most = snippetsAtOnce(config);
  for (let from = 0; from < snippets; from += most) {
    const to = Math.min(from + most, snippets);
    const bytes = frames.subarray(from * each * 3, to * each * 3);
    yield tf.tensor(new Float32Array(bytes), [1, to - from, encoder.frames, size, size, 3]);
  }
}
