import * as tf from '@tensorflow/tfjs-core';
import { prefetch } from '../../data/frames/prefetch.js';
import {
  ColorSums,
  drawOffset,
  principalColors,
  type ColorNoise,
  type PrincipalColors,
} from '../../data/frames/principal-colors.js';
import { clipName, type MeasuredClip } from '../../data/measured-clips.js';
import { viewRequests } from '../../data/views/clip-views.js';
import { randomStream } from '../../engine/random.js';
import { measured } from '../../models/classifier.js';
import { Parameters } from '../../models/parameters.js';
import { WorkError } from '../../system/errors.js';
import { startProgress } from '../../system/progress.js';
import type { Run } from '../run/run.js';
import { readSamples } from '../training/read-samples.js';

/** Training clips whose colours are measured. */
const mostClips = 256;

/**
 * The principal components of the training clips' colours, as parameters that are not trained: whatever a checkpoint
 * holds is restored before the next batch is drawn, so that a stage that resumes draws the same noise without reading
 * a clip again. They are measured in float64 and drawn from as they are stored, in float32.
 */
export function colorParameters(): Parameters {
  return new Parameters([measured('components', 9, 0), measured('variances', 3, 0)], randomStream(0, 'colors'));
}

/**
 * Measures the colours of random training clips, as validation sees them, and keeps their principal components.
 *
 * @throws WorkError when a clip cannot be read, unless `data.missing` is `skip`; or when none can.
 */
export async function measureColors(
  { config, frames }: Run,
  clips: readonly MeasuredClip[],
  parameters: Parameters,
): Promise<void> {
  const { seed, encoder, pretrain, data } = config;
  const drawn = randomStream(seed, 'pretrain', 'colors').shuffled(clips).slice(0, mostClips);
  const sampling = { count: encoder.frames, stride: encoder.stride, mode: pretrain.sampling, fps: data.fps };
  const options = { size: pretrain.size, resize: data.resize, flip: false, sampling };
  const jobs = drawn.map(
    (clip) => () => readSamples(viewRequests(clip, { clips: 1, crops: 1 }, options), data.missing, frames.load),
  );
  const progress = startProgress('colours', drawn.length);
  const sums = new ColorSums();
  let [read, done] = [0, 0];
  try {
    for await (const samples of prefetch(jobs, data.prefetch)) {
      for (const bytes of samples.frames) sums.add(bytes);
      read += samples.frames.length;
      progress.step(++done);
    }
  } finally {
    progress.stop();
  }
  if (read === 0) throw new WorkError('pretrain.pcaColor: no training clip could be read to measure colours on');
  const { components, variances } = principalColors(sums.covariance());
  parameters.assign('components', tf.tensor1d(components.flat()));
  parameters.assign('variances', tf.tensor1d([...variances]));
}

/** The stored principal components. */
function storedColors(parameters: Parameters): PrincipalColors {
  const rows = parameters.get('components').dataSync();
  return {
    components: [0, 3, 6].map((from) => [...rows.slice(from, from + 3)]),
    variances: [...parameters.get('variances').dataSync()],
  };
}

/** Draws the colour offset of a sample in training, `[3]`; undefined where it has none. */
export type DrawColorOffset = (epoch: number, clip: MeasuredClip, draw: readonly number[]) => number[] | undefined;

/**
 * The noise of stage 1. Every sample has a stream of its own, so that crops and frames are drawn as without noise.
 *
 * @param epochs - Epochs of the stage, of which the last `lastEpochs` have no noise.
 */
export function colorOffsets(
  seed: number,
  noise: ColorNoise & { lastEpochs: number },
  parameters: Parameters,
  epochs: number,
): DrawColorOffset {
  return (epoch, clip, draw) => {
    if (epoch >= epochs - noise.lastEpochs) return undefined;
    const random = randomStream(seed, 'pretrain', 'color', epoch, clipName(clip), ...draw);
    return drawOffset(storedColors(parameters), noise, random);
  };
}
