import type { HeadType, HeadSection } from './sections/model-section.js';

/** A key of the configuration and a value for it, as `--set` takes them. */
export type Setting = `${string}=${string | number}`;

/** The facts of a head for configuration and messages. Its builder is in `models/heads/head-catalogue.ts`. */
export interface HeadFacts<Type extends HeadType = HeadType> {
  /** Whether its proposals have labels. If not, a classifier of segments is trained, which labels them. */
  readonly labels: boolean;
  /** Settings of which each makes a step on the same snippets smaller; none where all keys are at their least. */
  readonly smaller: (model: Extract<HeadSection, { type: Type }>) => Setting[];
  /** The fewest snippets that the head can see, or, where that is more, below which a step takes no less memory. */
  readonly leastSnippets: (model: Extract<HeadSection, { type: Type }>) => number;
  /**
   * Values for training and detection that differ from the schema's defaults (which are the paper's and G-TAD's). Files
   * and `--set` override them; they override values that a file below states for another head.
   */
  readonly recipe: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/**
 * Every head by its name (`model.type`). A new head needs an entry here, its keys in `sections/model-section.ts`, and
 * a builder in the catalogue.
 */
export const headFacts: { readonly [Type in HeadType]: HeadFacts<Type> } = {
  gtad: {
    labels: false,
    smaller: ({ h3 }) => (h3 > 1 ? [`model.h3=${Math.floor(h3 / 2)}`] : []),
    leastSnippets: ({ k }) => k,
    recipe: {},
  },
  pyramid: {
    labels: true,
    smaller({ width, heads, blocks, attention }) {
      const narrower = heads * Math.floor(width / 2 / heads);
      return [
        ...(narrower > 0 ? [`model.width=${narrower}` as const] : []),
        // Narrow attention takes little memory as it is.
        ...(blocks === 'attention' && attention === null ? (['model.attention=19'] as const) : []),
      ];
    },
    // Sequences are padded to a whole number of the last level's strides.
    leastSnippets: ({ levels }) => 2 ** (levels - 1),
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
