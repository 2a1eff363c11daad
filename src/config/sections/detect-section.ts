import { z } from 'zod';
import { count, part, positive } from './number-kinds.js';

/** `detect`: how the head's outputs become detections. */
export const detectSchema = z.strictObject({
  softNmsSigma: positive.default(0.84).describe('σ of Gaussian Soft-NMS.'),
  keep: count.default(100).describe('Proposals kept for each video.'),
  classes: count.default(2).describe('Number of labels for each proposal, where the head gives none.'),
  peaks: z
    .boolean()
    .default(true)
    .describe(
      'Propose only anchors whose start and end scores are peaks, or above half of the largest; false: all anchors ' +
        '(THUMOS14).',
    ),
  minScore: z
    .number()
    .min(0)
    .default(0)
    .describe('For heads that give labels: proposals scoring below this are dropped.'),
  voting: part
    .nullable()
    .default(null)
    .describe(
      'For heads that give labels: after Soft-NMS, start and end become means over all proposals that overlap by ' +
        'at least this tIoU, weighted by score × tIoU; null: they stay as they are.',
    ),
  scores: z
    .string()
    .nullable()
    .default(null)
    .describe(
      "File with class scores of whole videos, which label the proposals (JSON, or for THUMOS14 UntrimmedNet's " +
        ".npy), relative to data.root; null: the run's own classifier of segments labels them.",
    ),
  normalizeScores: z
    .boolean()
    .default(false)
    .describe("Divide a video's class scores in the file `scores` by their sum (HACS)."),
});
