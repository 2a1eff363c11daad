import * as tf from '@tensorflow/tfjs-core';
import { captured } from '../../engine/capture/capture.js';
import type { Features } from '../../checkpoints/feature-store.js';
import type { Config } from '../../config/schema.js';
import type { Video } from '../../data/dataset.js';
import type { FrameRequest } from '../../data/frames/request.js';
import { prefetch } from '../../data/frames/prefetch.js';
import { snippetsEvery } from '../../data/views/sampling.js';
import { snippetRequest, type View } from '../../data/views/snippets.js';
import { trainingView } from '../../data/views/training-view.js';
import { evalTransform } from '../../data/views/transform.js';
import { randomStream } from '../../engine/random.js';
import { concatenated } from '../../system/concatenated.js';
import { WorkError } from '../../system/errors.js';
import { startProgress } from '../../system/progress.js';
import { reestimateStatistics } from '../../train/reestimate.js';
import type { LoadedEncoder } from './run-encoder.js';
import type { Run } from '../run/run.js';
import { usableVideos } from '../run/usable-videos.js';

/** The sections of a configuration that decide how a video is seen at full fidelity. */
type FidelityOptions = Pick<Config, 'seed' | 'encoder' | 'full' | 'data'>;

/**
 * The request for the frames of a video's snippets at full fidelity.
 *
 * @param view - 0: the view that detection sees; others: random views (`head.views`).
 */
export function fullFidelityRequest(config: FidelityOptions, video: Video, snippets: number, view = 0): FrameRequest {
  const { encoder, full, data } = config;
  const sampling = { ...encoder, fps: data.fps };
  return snippetRequest(video, { snippets, size: full.size }, sampling, viewOf(config, video, view), false);
}

function viewOf({ seed, full: { size }, data }: FidelityOptions, video: Video, view: number): View {
  if (view === 0) return evalTransform(video, size, data.resize);
  return trainingView(data, video, size, randomStream(seed, 'extract', 'view', view, video.id));
}

/** A sequence of a video's snippets that is loaded at once. */
interface VideoPart {
  /** Loads the frames `[n, F, S, S, 3]` (RGB bytes). */
  load: () => Promise<Uint8Array>;
  last: boolean;
}

/**
 * The parts in which the features of a video are made. A video has `full.snippets` snippets, or, where the head sees
 * windows, one every `model.window.every` frames. A part has at most `full.snippets` snippets, so that long videos fit
 * into memory.
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

/** A video with its features, or with the error that left it without. */
export type FeaturesFound =
  { video: Video; features: Features; error?: undefined } | { video: Video; features?: undefined; error: WorkError };

/**
 * Computes features `[L, C]` of videos at full fidelity in one view, in the order of the videos. Frames are read ahead.
 */
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

/** Computes the features of frames, some snippets at a time: yields `[n, C]`. */
export function* encodeFrames(config: Config, { encoder, parameters }: LoadedEncoder, frames: Uint8Array) {
  for (const part of snippetTensors(config, frames)) {
    try {
      yield captured('frozen encoder', () => {
        const features = tf.tidy(() => encoder.encode(part, { parameters, normalization: 'running' }));
        const values = features.dataSync<'float32'>();
        features.dispose();
        return values;
      });
    } finally {
      part.dispose();
    }
  }
}

function joinFeatures(parts: readonly Float32Array[], channels: number): Features {
  const data = concatenated(parts);
  return { data, shape: [data.length / channels, channels] };
}

/**
 * Measures the running statistics of batch normalisation anew, on random training videos at full fidelity, because
 * training leaves a mixture of the statistics of its low-fidelity shapes, while `extract` and `detect` see full
 * fidelity.
 *
 * @param videos - Number of videos to draw, at most all; 0: the statistics do not change.
 */
export async function settleStatistics(
  run: Run,
  { encoder, parameters }: Pick<LoadedEncoder, 'encoder' | 'parameters'>,
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
  try {
    await reestimateStatistics(parameters, parts(), (part, pass) => {
      const features = encoder.encode(part, pass);
      part.dispose();
      return features;
    });
  } finally {
    progress.stop();
  }
}

/** Snippets at full fidelity that go through the encoder at once where nothing is trained; limits the memory. */
export function snippetsAtOnce({ full: { size }, encoder }: Config): number {
  return Math.max(1, Math.floor(pixelsAtOnce / (encoder.frames * size * size)));
}

/** Pixels that go through the encoder at once where nothing is trained: 8 snippets of 8 frames of 224 × 224. */
const pixelsAtOnce = 64 * 224 * 224;

/**
 * Yields frames at full fidelity as tensors `[1, n, F, S, S, 3]`, some snippets at a time. The caller disposes of them.
 */
export function* snippetTensors(config: Config, frames: Uint8Array): Generator<tf.Tensor> {
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
