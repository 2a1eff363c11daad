import type { HeadType } from './sections/heads.js';

/**
 * How a head is trained and read, where that differs from the schema's defaults, which are those of the paper and of G-TAD. It lies below all that
 * files and `--set` say, but for what they said before another head was chosen.
 *
 * pyramid: ActionFormer's code (libs/core/config.py, configs/thumos_i3d.yaml): AdamW, 5 epochs of warm-up and then a cosine, EMA of 0.999; Soft-NMS
 * by classes, at most 200 detections.
 */
export const recipes: Readonly<Record<HeadType, Readonly<Record<string, Readonly<Record<string, unknown>>>>>> = {
  gtad: {},
  pyramid: {
    joint: {
      optimizer: 'adamw',
      lrSchedule: 'cosine',
      warmupEpochs: 1,
      lr: 1e-3,
      lrSteps: [],
      lrFactors: { encoder: 0.1 },
      weightDecay: 0.05,
      clipNorm: 1,
    },
    head: {
      windows: 'random',
      optimizer: 'adamw',
      lrSchedule: 'cosine',
      epochs: 35,
      warmupEpochs: 5,
      batch: 2,
      lr: 1e-4,
      lrSteps: [],
      weightDecay: 0.05,
      clipNorm: 1,
      ema: 0.999,
    },
    detect: { softNmsSigma: 0.5, keep: 200, minScore: 1e-3 },
  },
};
