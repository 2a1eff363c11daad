import type { LearningRate } from '../../config/schema.js';

/**
 * The learning rate without the warm-up: lowered in steps, or along half a cosine from the end of the warm-up to the
 * end of the stage.
 *
 * @param epoch - Time in epochs from 0, with fractions.
 */
export function baseRate(
  { epochs, lr, lrSchedule, lrSteps, lrGamma, warmupEpochs }: LearningRate,
  epoch: number,
): number {
  if (lrSchedule === 'steps') return lr * lrGamma ** lrSteps.filter((step) => epoch >= step).length;
  const done = (epoch - warmupEpochs) / (epochs - warmupEpochs);
  return done <= 0 ? lr : (lr * (1 + Math.cos(Math.PI * Math.min(1, done)))) / 2;
}

/**
 * The learning rate: a linear warm-up to {@link baseRate}, then that. The warm-up starts at a tenth of the rate where
 * the rate is lowered in steps, and at 0 where it follows a cosine.
 *
 * @param epoch - Time in epochs from 0, with fractions.
 */
export function learningRate(options: LearningRate, epoch: number): number {
  const { warmupEpochs, lrSchedule } = options;
  const rate = baseRate(options, epoch);
  if (epoch >= warmupEpochs) return rate;
  return lrSchedule === 'steps' ? rate * (0.1 + (0.9 * epoch) / warmupEpochs) : (rate * epoch) / warmupEpochs;
}
