import type { HeadType } from './sections/model-section.js';

/** What the configuration says of a head, and how it is trained and read. Its builder stands in `models/heads/catalogue.ts`. */
export interface HeadFacts {
  /** Whether its proposals bear labels. Otherwise a classifier of segments is trained, which names them. */
  readonly labels: boolean;
  /** What makes a step of the head smaller, for the message when memory runs out. */
  readonly lessMemory: string;
  /**
   * How it is trained and read, where that differs from the schema's defaults, which are those of the paper and of G-TAD.
   * These values lie below all that files and `--set` state, but above what was stated for another head.
   */
  readonly recipe: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Every head by its name, `model.type`. A head is added by a row here, its keys in `sections/heads.ts` and a builder. */
export const headFacts: Readonly<Record<HeadType, HeadFacts>> = {
  gtad: { labels: false, lessMemory: 'Set model.h3 lower, or model.window to fewer snippets.', recipe: {} },
  pyramid: {
    labels: true,
    lessMemory: 'Set model.width or model.attention lower, or model.window to fewer snippets.',
    // ActionFormer's code (libs/core/config.py, configs/thumos_i3d.yaml): AdamW, 5 epochs of warm-up and then a cosine,
    // an average of 0.999; Soft-NMS by classes, at most 200 detections.
    recipe: {
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
  },
};
