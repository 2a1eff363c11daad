import { rmSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { Features } from '../../checkpoints/feature-store.js';
import { predictsFeatures } from '../../config/pretext/pretext-facts.js';
import { randomStream } from '../../engine/random.js';
import { predictionChannel } from '../../models/heads/prediction-channel.js';
import { Parameters } from '../../models/parameters.js';
import { writeFileAtomic } from '../../system/files/files.js';
import { breathe } from '../../system/signals.js';
import { openFeatures, videosWithFeatures } from '../features/open-features.js';
import { pretrainedSequence } from '../features/pretrained-sequence.js';
import { startSequence } from '../features/start-sequence.js';
import type { Run } from '../run/run.js';

/**
 * Writes `prediction-errors.json`, a curve of the report's timeline: how wrongly each snippet of a subset's videos is
 * predicted from those before it, by what `pretext` has learnt. There is no such file where it does not predict
 * features.
 */
export async function writePredictionErrors(run: Run, subset: string): Promise<void> {
  const file = path.join(run.folder, 'prediction-errors.json');
  if (!predictsFeatures(run.config)) {
    rmSync(file, { force: true });
    return;
  }
  const source = openFeatures(run);
  const { lstm } = run.config.model;
  const channel = predictionChannel(source.channels, lstm);
  using parameters = new Parameters(channel.parameters, randomStream(0, 'prediction errors'));
  startSequence(parameters, pretrainedSequence(run, source), []);
  const found: [string, number[]][] = [];
  for (const { id } of videosWithFeatures(source, subset)) {
    const errors = errorsOf(source.get(id), lstm.block, (features) => {
      const values = tf.tidy(() =>
        channel.of(
          { features: tf.expandDims(features, 0), valid: [features.shape[0]] },
          { parameters, normalization: 'running' },
        ),
      );
      const numbers = values.dataSync<'float32'>();
      values.dispose();
      return numbers;
    });
    found.push([id, errors.map((error) => Number(error.toPrecision(5)))]);
    await breathe(run.stop);
  }
  writeFileAtomic(file, `${JSON.stringify(Object.fromEntries(found))}\n`);
}

/** Snippets whose errors are computed at once: a long video would not fit into memory with the past of each. */
const atOnce = 256;

/** The errors of all snippets of a video, a part at a time, which is seen with the `past` snippets before it. */
function errorsOf(
  { data, shape: [snippets, channels] }: Features,
  past: number,
  errors: (features: tf.Tensor2D) => Float32Array,
): number[] {
  const all: number[] = [];
  for (let from = 0; from < snippets; from += atOnce) {
    const begin = Math.max(0, from - past);
    const end = Math.min(snippets, from + atOnce);
    const x = tf.tensor2d(data.slice(begin * channels, end * channels), [end - begin, channels]);
    all.push(...errors(x).subarray(from - begin));
    x.dispose();
  }
  return all;
}
