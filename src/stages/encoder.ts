import * as tf from '@tensorflow/tfjs-core';
import type { CheckpointRef, TrainedStage } from '../checkpoints/store.js';
import type { Config } from '../config/schema.js';
import { randomStream } from '../engine/random.js';
import { buildEncoder } from '../models/build.js';
import type { Encoder } from '../models/encoders/encoder.js';
import { Parameters } from '../models/parameters.js';
import { importState } from '../models/state.js';
import { UsageError, WorkError } from '../system/errors.js';
import { dataPath, type Run } from './run.js';
import { toState } from './tensors.js';
import { loadEncoderWeights } from './weights.js';

/** An encoder with its parameters. */
export interface LoadedEncoder {
  encoder: Encoder;
  parameters: Parameters;
}

/** The encoder at its start: from `encoder.weights`, or random. */
export function freshEncoder(config: Config): LoadedEncoder {
  const encoder = buildEncoder(config.encoder);
  const parameters = new Parameters(encoder.parameters, randomStream(config.seed, 'encoder'));
  const { weights } = config.encoder;
  if (weights !== null) loadEncoderWeights(parameters, dataPath(config, weights));
  return { encoder, parameters };
}

/** The encoder as a stage left it, with the reference to that checkpoint. */
export function storedEncoder(run: Run, stage: TrainedStage): LoadedEncoder & { reference: CheckpointRef } {
  const loaded = run.store.load(stage, 'latest');
  if (!loaded?.manifest.finished)
    throw new UsageError(`${stage} is not finished in ${run.folder}: run \`lofi ${stage}\` first`);
  const encoder = buildEncoder(run.config.encoder);
  const parameters = new Parameters(encoder.parameters, randomStream(run.config.seed, 'encoder'));
  importState(parameters, toState(loaded.tensors), `the encoder of ${stage}`, 'encoder.');
  const { step, sha256 } = loaded.manifest;
  return { encoder, parameters, reference: { stage, step, sha256 } };
}

/** The encoder that later stages use: of `joint`, or of `pretrain` where that was left out (the ACP baseline). */
export function trainedEncoder(run: Run): LoadedEncoder & { reference: CheckpointRef } {
  return storedEncoder(run, run.store.steps('joint').length > 0 ? 'joint' : 'pretrain');
}

/** Frames through the encoder at once, in pixels: bounds the memory of inference. */
const pixelsAtOnce = 64 * 224 * 224;

/** Features of one video from its frames `[L, F, S, S, 3]` RGB bytes → `[L, C]`. */
export function encodeVideo(
  { encoder, parameters }: LoadedEncoder,
  frames: Uint8Array,
  shape: { snippets: number; frames: number; size: number },
): Float32Array {
  const { snippets, frames: perSnippet, size } = shape;
  const snippetBytes = perSnippet * size * size * 3;
  if (frames.length !== snippets * snippetBytes)
    throw new WorkError(`expected ${snippets} snippets, decoded ${frames.length} bytes`);
  const chunk = Math.max(1, Math.floor(pixelsAtOnce / (perSnippet * size * size)));
  const features = new Float32Array(snippets * encoder.channels);
  for (let at = 0; at < snippets; at += chunk) {
    const count = Math.min(chunk, snippets - at);
    const part = tf.tidy(() => {
      const bytes = frames.subarray(at * snippetBytes, (at + count) * snippetBytes);
      const x = tf.tensor(new Float32Array(bytes), [1, count, perSnippet, size, size, 3]);
      return encoder.encode(x, { parameters, normalization: 'running' });
    });
    features.set(part.dataSync<'float32'>(), at * encoder.channels);
    part.dispose();
  }
  return features;
}
