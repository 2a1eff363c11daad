import { z } from 'zod';
import { aggregatorHelp, aggregatorSchema } from './aggregator-section.js';

/** `segments`: how the class of a segment is found from its snippets. Its training is `head.classifier`. */
export const segmentsSchema = z.strictObject({
  aggregator: aggregatorSchema
    .nullable()
    .default(null)
    .describe(
      `How one vector is made of the snippets of a segment, which the classifier of segments sees: ${aggregatorHelp.all}. ` +
        'With a head that gives labels of its own, scores are multiplied by how likely the classifier holds the label. ' +
        'null: the mean, and no such classifier beside a head that gives labels.',
    ),
});
