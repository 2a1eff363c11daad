import { z } from 'zod';
import { count, part, positive } from './number-kinds.js';

/** `detect`: from outputs of the head to detections. */
export const detectSchema = z.strictObject({
  softNmsSigma: positive.default(0.84).describe('Gaussian Soft-NMS.'),
  keep: count.default(100).describe('Proposals kept a video.'),
  classes: count.default(2).describe('Labels a proposal is reported with, where the head gives none.'),
  peaks: z
    .boolean()
    .default(true)
    .describe('Propose anchors from a start that stands out to an end that does; false: all anchors (THUMOS14).'),
  minScore: z.number().min(0).default(0).describe('Of heads that give labels: lower scores are no proposals.'),
  voting: part
    .nullable()
    .default(null)
    .describe(
      'Of heads that give labels: after Soft-NMS, ends become the means of all proposals that overlap with this tIoU or more, weighted by score × tIoU; null: they stay.',
    ),
  scores: z
    .string()
    .nullable()
    .default(null)
    .describe(
      "Labels by the class scores of whole videos in this file (JSON; THUMOS14: UntrimmedNet's .npy), relative to data.root; null: by the run's own classifier of segments.",
    ),
  normalizeScores: z
    .boolean()
    .default(false)
    .describe('Divide the scores of a video by the sum of all that `scores` has of it (HACS).'),
});
