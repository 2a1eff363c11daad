import * as tf from '@tensorflow/tfjs-core';
import type { LstmOptions } from '../../config/sections/model-section.js';
import { differentiable } from '../../engine/ops/differentiable.js';
import type { Pass } from '../layers/layer.js';
import { prefixedPass, prefixedSpecs } from '../layers/prefixed.js';
import { perceptScale, scaledPercepts } from '../sequence/percept-scale.js';
import { SequenceAutoencoder } from '../sequence/sequence-autoencoder.js';
import type { FurtherChannels } from './further-channels.js';
import type { HeadInput } from './head.js';
import { pastRows } from './sequence-blocks.js';

/** The beginning of the names of its parameters. What follows is as `pretext` names it. */
export const predictionPrefix = 'prediction.';

/**
 * How wrongly each snippet is predicted from the `model.lstm.block` ones before it (`model.predictionError`;
 * docs/pretext.md): ‖v̂ − v‖² / C of standardised features, by what `pretext` has learnt, which is not trained any
 * further. Before the first snippet a video is taken to have stood still.
 *
 * @param features - Channels of a feature, C.
 */
export function predictionChannel(features: number, { units, layers, block }: LstmOptions): FurtherChannels {
  // The first step of a decoder sees no frame before it, conditional or not.
  const model = new SequenceAutoencoder({
    ...{ model: 'future', conditional: false, copyInitState: false, values: 'real' },
    ...{ channels: features, units, layers },
  });
  const specs = [...model.parameters, ...perceptScale(features)].map((spec) => ({ ...spec, trainable: false }));
  return {
    count: 1,
    parameters: prefixedSpecs(specs, predictionPrefix),
    of: (input, pass) =>
      // Of the tape's many tensors none would be needed: nothing here is trained.
      differentiable([input.features], () => ({
        value: tf.tidy(() => errorsOf(model, input, prefixedPass(pass, predictionPrefix), block)),
        saved: [],
        gradient: () => tf.zeros(input.features.shape),
      })),
  };
}

function errorsOf(model: SequenceAutoencoder, { features, valid }: HeadInput, pass: Pass, past: number): tf.Tensor3D {
  const [items, snippets, channels] = features.shape;
  const flat = tf.reshape(scaledPercepts(features, pass), [items * snippets, channels]);
  const count = valid.reduce((a, b) => a + b, 0);
  const own = valid.flatMap((length, item) => Array.from({ length }, (_, t) => item * snippets + t));
  const rows = tf.tensor1d([...pastRows(valid, snippets, past), ...own], 'int32');
  const sequences = tf.reshape<tf.Rank.R3>(tf.gather(flat, rows), [past + 1, count, channels]);
  const errors = tf.div(tf.reshape(model.predictionErrors(sequences, past, pass), [count, 1]), channels);
  const places = tf.tensor2d(own, [count, 1], 'int32');
  return tf.reshape(tf.scatterND(places, errors, [items * snippets, 1]), [items, snippets, 1]);
}
