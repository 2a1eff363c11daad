import * as tf from '@tensorflow/tfjs-core';
import type { LstmOptions } from '../../config/sections/model-section.js';
import { tensorName } from '../../models/parts.js';
import { blockAt, blockLength, SequenceClassifier } from '../../models/sequence/sequence-classifier.js';
import { importState } from '../../models/state.js';
import { assignMoments, momentsOf } from '../features/moments.js';
import type { SegmentLayers } from './segment-layers.js';
import { snippetsIn } from './segment-spans.js';

/**
 * An LSTM over the snippets of a segment, with a softmax at every step (docs/method.md §16.5). A training step sees a
 * block of 16 snippets that begins anywhere in the segment; of a shorter segment it sees the last snippet again.
 */
export function sequenceLayers(
  { units, layers }: Pick<LstmOptions, 'units' | 'layers'>,
  channels: number,
  classes: number,
): SegmentLayers {
  const classifier = new SequenceClassifier({ channels, units, layers, classes });
  return {
    parameters: classifier.parameters,
    rows: blockLength,
    rowsOf({ data, shape: [snippets] }, span, random) {
      const { first, count } = snippetsIn(span, snippets);
      const rows = new Float32Array(blockLength * channels);
      blockAt(random.below(Math.max(0, count - blockLength) + 1), count).forEach((snippet, i) => {
        const from = (first + snippet) * channels;
        rows.set(data.subarray(from, from + channels), i * channels);
      });
      return rows;
    },
    begin(parameters, training, _, pretext) {
      if (pretext) {
        const prefix = tensorName('sequence', '');
        importState(parameters, pretext.state(), 'the LSTM of pretext', prefix, classifier.sequence);
      } else
        assignMoments(
          parameters,
          momentsOf(
            training.map(({ features }) => features),
            channels,
          ),
        );
    },
    losses(rows, labels, parameters, { fraction, seed }) {
      const pass = { parameters, normalization: 'running', dropoutSeed: seed } as const;
      return classifier.losses(tf.transpose(rows, [1, 0, 2]), labels, pass, fraction);
    },
    likelihoods({ data, shape: [snippets] }, spans, parameters) {
      const features = tf.tensor2d(data, [snippets, channels]);
      const sequences = spans.map((span) => snippetsIn(span, snippets));
      const likelihoods = classifier.probabilities(features, sequences, { parameters, normalization: 'running' });
      features.dispose();
      return likelihoods;
    },
  };
}
