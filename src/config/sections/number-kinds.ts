import { z } from 'zod';

/** A number above 0. */
export const positive = z.number().positive();
/** A whole number from 1. */
export const count = z.int().positive();
/** A number from 0 to 1. */
export const fraction = z.number().min(0).max(1);
/** A number above 0 and at most 1. */
export const part = z.number().positive().max(1);

/** A fidelity: the number of snippets that a video is seen by, and the size of their frames. */
export const shape = z.strictObject({
  snippets: count.describe('Snippets of a video, L.'),
  size: count.describe('Side of the square frames, in pixels.'),
});
/** A fidelity, as `full` and `joint.shapes` state it. */
export type Shape = z.output<typeof shape>;
