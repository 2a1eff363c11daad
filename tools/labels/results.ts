import { z } from 'zod';
import { resultList } from '../results/result-list.js';

const schema = z.strictObject({
  data: z.string(),
  arm: z.string(),
  /** Share of the training videos whose labels were given. */
  share: z.number(),
  seed: z.int(),
  videos: z.int(),
  instances: z.int(),
  /** Classes that the labelled videos have. */
  classes: z.int(),
  /** A fraction. */
  average_mAP: z.number(),
  /** Optimiser steps of the head. */
  steps: z.int(),
});

/** A head that was trained on the labels of some of the training videos. */
export type LabelsResult = z.output<typeof schema>;

/** The results so far, and a way to enter one in the place of the one of the same training. */
export const { read: readLabelsResults, record: recordLabels } = resultList<LabelsResult>(
  'docs/few-labels-results.json',
  schema,
  ({ data, arm, share, seed }) => [data, arm, share, seed],
);
