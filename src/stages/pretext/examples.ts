import { existsSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { pretextSteps } from '../../config/pretext/pretext-facts.js';
import type { Config } from '../../config/schema.js';
import { randomStream } from '../../engine/random.js';
import type { Pass } from '../../models/layers/layer.js';
import { Parameters } from '../../models/parameters.js';
import { importParts } from '../../models/parts.js';
import { scaledPercepts } from '../../models/sequence/percept-scale.js';
import { readJson, writeFileAtomic } from '../../system/files/files.js';
import type { Run } from '../run/run.js';
import { toState } from '../training/snapshot.js';
import { pretextModel } from './pretext-model.js';
import { pretextOf, timeMajor, type SequenceData } from './sequences.js';

/** Sequences that are shown. */
const shown = 4;
/** Channels of features that are shown, evenly spread. */
const shownChannels = 48;

/** A picture of some steps: one byte a pixel, or three. */
interface StepsPicture {
  width: number;
  height: number;
  channels: 1 | 3;
  pixels: Uint8Array;
}

/**
 * Writes `pretext.json`, the pictures of the report: what the finished stage makes of some sequences, which are drawn
 * by the seed. Does nothing where they are those of its last checkpoint already.
 */
export async function writeExamples(run: Run, open: () => Promise<SequenceData>): Promise<void> {
  const { config, store, folder } = run;
  const options = pretextOf(config);
  const last = store.finished('pretext')!;
  const file = path.join(folder, 'pretext.json');
  if (existsSync(file) && checkpointOf(file) === last.sha256) return;
  const data = await open();
  const items = Array.from({ length: data.count }, (_, i) => i);
  const drawn = randomStream(config.seed, 'pretext', 'examples').shuffled(items).slice(0, shown);
  const { model, specs } = pretextModel(config, data.channels);
  using parameters = new Parameters(specs, randomStream(0, 'examples'));
  importParts({ sequence: parameters }, toState(store.load('pretext', last.step)!.tensors), 'pretext');
  const pass: Pass = { parameters, normalization: 'running' };
  const examples = [];
  // Behind the epochs of training, so that no example was trained on as it is.
  for await (const { ids, sequences } of data.batches(options.epochs, [drawn])) {
    for (const [i, sequence] of sequences.entries()) {
      const rows = tf.tidy(() => {
        const raw = timeMajor([sequence], data.channels);
        const x = data.moments ? scaledPercepts(raw, pass) : raw;
        const [past, steps] = [options.past, pretextSteps(options)];
        const part = (from: number, to: number) => tf.slice(x, [from, 0, 0], [to - from, 1, data.channels]);
        const seen = part(0, past);
        const made: [string, tf.Tensor3D][] = [['input', seen]];
        if (options.task !== 'future') made.push(['reconstruction', model.reconstruct(seen, pass, 'free')]);
        if (options.task !== 'autoencoder') {
          const truth = part(past, steps);
          made.push(['future', model.predict(seen, truth, pass, 'free')], ['truth', truth]);
        }
        return made.map(([name, values]) => {
          const { pixels, ...size } = picture(values.dataSync<'float32'>(), values.shape[0], config);
          return { name, ...size, pixels: Buffer.from(pixels).toString('base64') };
        });
      });
      examples.push({ id: ids[i]!, rows });
    }
  }
  writeFileAtomic(file, `${JSON.stringify({ checkpoint: last.sha256, data: options.data, examples })}\n`);
}

function checkpointOf(file: string): unknown {
  try {
    return (readJson(file, 'pretext') as { checkpoint?: unknown }).checkpoint;
  } catch {
    return undefined;
  }
}

function picture(values: Float32Array, steps: number, config: Config): StepsPicture {
  const { data, patch, canvas } = pretextOf(config);
  if (data === 'features') return heatMap(values, steps);
  return data === 'patches' ? film(values, steps, patch, 3) : film(values, steps, canvas, 1);
}

/** A column for each step, a row for each channel shown: grey is the mean, white two deviations more. */
function heatMap(values: Float32Array, steps: number): StepsPicture {
  const channels = values.length / steps;
  const height = Math.min(shownChannels, channels);
  const pixels = Uint8Array.from({ length: steps * height }, (_, i) => {
    const [row, step] = [Math.floor(i / steps), i % steps];
    return byte(0.5 + values[step * channels + Math.floor((row * channels) / height)]! / 4);
  });
  return { width: steps, height, channels: 1, pixels };
}

/** Square frames side by side, a pixel apart. */
function film(values: Float32Array, steps: number, side: number, channels: 1 | 3): StepsPicture {
  const width = steps * (side + 1) - 1;
  const pixels = new Uint8Array(width * side * channels).fill(255);
  for (let step = 0; step < steps; step++)
    for (let y = 0; y < side; y++)
      for (let i = 0; i < side * channels; i++)
        pixels[(y * width + step * (side + 1)) * channels + i] = byte(values[(step * side + y) * side * channels + i]!);
  return { width, height: side, channels, pixels };
}

const byte = (share: number): number => Math.round(255 * Math.min(1, Math.max(0, share)));
