import type { HeadType } from './sections/model-section.js';

/** The facts of a head for configuration and messages. Its builder is in `models/heads/catalogue.ts`. */
export interface HeadFacts {
  /** Whether its proposals have labels. If not, a classifier of segments is trained, which labels them. */
  readonly labels: boolean;
  /** Advice on reducing the head's memory, for the error message when memory runs out. */
  readonly lessMemory: string;
  /**
   * Values for training and detection that differ from the schema's defaults (which are the paper's and G-TAD's). Files
   * and `--set` override them; they override values that a file below states for another head.
   */
  readonly recipe: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/**
 * Every head by its name (`model.type`). A new head needs an entry here, its keys in `sections/heads.ts`, and a builder
 * in the catalogue.
 */
export const headFacts: Readonly<Record<HeadType, HeadFacts>> = {
  gtad: { labels: false, lessMemory: 'Set model.h3 lower, or model.window to fewer snippets.', recipe: {} },
  pyramid: {
    labels: true,
    lessMemory: 'Set model.width or model.attention lower, or model.window to fewer snippets.',
    // From ActionFormer's code (libs/core/config.py, configs/thumos_i3d.yaml): AdamW, 5 epochs of warm-up and then a
    // cosine, a moving average with decay 0.999; Soft-NMS class by class, at most 200 detections.
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
