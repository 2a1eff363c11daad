import { z } from 'zod';
import { aggregatorHelp, aggregatorSchema } from './aggregator-section.js';

/** `segments`: how the class of a segment is found from its snippets. Its training is `head.classifier`. */
export const segmentsSchema = z
  .strictObject({
    classifier: z
      .enum(['vector', 'lstm'])
      .default('vector')
      .describe(
        'What tells the class of a segment. vector: a softmax over the one vector that `aggregator` makes of it; ' +
          'lstm: a softmax at every step of an LSTM (units and layers of model.lstm) over blocks of 16 of its ' +
          'snippets, from the weights of `pretext` where that stage learns from features, else from scratch. With a ' +
          'head that gives labels of its own, lstm multiplies their scores as an aggregator does.',
      ),
    aggregator: aggregatorSchema
      .nullable()
      .default(null)
      .describe(
        `How one vector is made of the snippets of a segment, which the classifier of segments sees: ${aggregatorHelp.all}. ` +
          'With a head that gives labels of its own, scores are multiplied by how likely the classifier holds the label. ' +
          'null: the mean, and no such classifier beside a head that gives labels.',
      ),
  })
  .refine(({ classifier, aggregator }) => classifier === 'vector' || aggregator === null, {
    path: ['aggregator'],
    error: 'an LSTM sees the snippets themselves, of which nothing is made: set null, or segments.classifier=vector',
  });

/** The keys of the section `segments`. */
export type SegmentsSection = z.output<typeof segmentsSchema>;
