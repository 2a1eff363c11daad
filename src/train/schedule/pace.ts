import type { LearningRate, TrainingKeys } from '../../config/schema.js';
import { learningRate } from './learning-rate.js';

/** How long a stage trains, and at which rate. Epochs count from 0; a time is in epochs, with fractions. */
export interface Pace {
  epochs: number;
  /** Optimiser steps in an epoch. */
  steps: (epoch: number) => number;
  /** Base learning rate. */
  rate: (time: number) => number;
}

/** The pace of a stage whose every epoch has each of `items` items once, in batches of one size. */
export function evenPace(options: LearningRate & Pick<TrainingKeys, 'batch'>, items: number): Pace {
  const steps = Math.ceil(items / options.batch);
  return { epochs: options.epochs, steps: () => steps, rate: (time) => learningRate(options, time) };
}

/** The number of optimiser steps before an epoch. */
export function stepsBefore({ steps }: Pace, epoch: number): number {
  let before = 0;
  for (let past = 0; past < epoch; past++) before += steps(past);
  return before;
}
