import { z } from 'zod';

/*
 * What the report takes from the files of a run folder. They may be of an earlier version, or edited, so each is
 * checked by a schema: nothing else than what it allows gets into the page.
 */

const number = z.number().optional().catch(undefined);
const text = z.string().optional().catch(undefined);
/** Numbers by name; values that are none are left out. */
const numbers = z
  .record(z.string(), z.unknown())
  .transform((values) =>
    Object.fromEntries(Object.entries(values).filter((entry): entry is [string, number] => Number.isFinite(entry[1]))),
  )
  .optional()
  .catch(undefined);

/** A line of metrics.jsonl. A field of another type counts as missing. */
export const logEntrySchema = z.object({
  stage: z.string(),
  step: number,
  epoch: number,
  loss: number,
  terms: numbers,
  lr: number,
  /** Fidelity: snippets × side in pixels, `48x32`. */
  shape: text,
  /** Duration of the step in seconds; `wait`: the part of it spent waiting for data. */
  seconds: number,
  wait: number,
  rssMiB: number,
  /** Videos or clips of the step that could not be read and were left out. */
  skipped: z.array(z.string()).optional().catch(undefined),
  metrics: numbers,
  /** When the line was written, in ISO 8601. */
  time: text,
});

/** The part of a stage's newest manifest that the report shows. */
export const stageStateSchema = z.object({
  step: z.int().nonnegative(),
  /** Name and version of the engine. */
  engine: z.string(),
  finished: z.boolean(),
  best: z.object({ metric: z.string(), value: z.number(), step: z.number() }).nullable(),
  /** Hash of the checkpoint's tensors. */
  sha256: text,
});

const count = z.int().nonnegative().default(0);

/** The part of metrics.json that the report shows. Earlier versions counted less. */
export const metricsSchema = z
  .object({
    tiou: z.array(z.number()).min(1).max(100),
    mAP: z.array(z.number()),
    average_mAP: z.number(),
    subset: z.string().exactOptional(),
    per_class: z.record(z.string(), z.array(z.number())).exactOptional(),
    counts: z
      .object({
        videos: count,
        videos_missing: count,
        instances: count,
        classes: count,
        classes_without_detections: count,
        detections: count,
        detections_used: count,
        detections_unknown_label: count,
        detections_unknown_video: count,
        detections_empty_segment: count,
        detections_nan: count,
        detections_tied: count,
      })
      .exactOptional(),
    unknown: z.object({ labels: z.array(z.string()), videos: z.array(z.string()) }).exactOptional(),
  })
  .refine(({ tiou, mAP, per_class = {} }) =>
    [mAP, ...Object.values(per_class)].every((ap) => ap.length === tiou.length),
  );

const rate = z.number().min(0).max(1);
const rates = z.object({ hit1: rate, hit5: rate });

/** classification.json, as `lofi classify` writes it. */
export const classificationSchema = z
  .object({
    /** Hash of the checkpoint's tensors that was evaluated. */
    checkpoint: z.string(),
    subset: z.string(),
    classes: z.array(z.string()).min(1),
    videos: z.int().positive(),
    clips: z.int().positive(),
    views: z.int().positive(),
    clip: rates,
    video: rates,
    /** `[classes][classes]`: videos by true class and by the class that they were taken for. */
    confusion: z.array(z.array(z.int().nonnegative())),
  })
  .refine(({ classes: { length }, confusion }) => [confusion, ...confusion].every((row) => row.length === length));

/** Numbers of a picture's side: more would not fit into a page. */
const side = z.int().positive().max(8192);

/** A picture in a row of examples: `pixels` are bytes in base64, one or three a pixel. */
const exampleRow = z
  .object({
    name: z.enum(['input', 'reconstruction', 'future', 'truth']),
    width: side,
    height: side,
    channels: z.literal([1, 3]),
    pixels: z.base64(),
  })
  .refine(({ width, height, channels, pixels }) => Buffer.byteLength(pixels, 'base64') === width * height * channels);

/** pretext.json, as the stage writes it. */
export const pretextSchema = z.object({
  /** Hash of the checkpoint's tensors. */
  checkpoint: z.string(),
  data: z.enum(['features', 'patches', 'glyphs']),
  examples: z.array(z.object({ id: z.string(), rows: z.array(exampleRow).min(1).max(4) })).max(64),
});

/** prediction-errors.json: for each video a value for each snippet, spread evenly over it. */
export const predictionErrorsSchema = z.record(z.string(), z.array(z.number().nonnegative()).max(100_000));

/** Keys of config.yaml that decide how a run is evaluated. */
export const evaluationSchema = z.object({
  data: z.object({ validateOn: text }).optional().catch(undefined),
  evaluation: z.object({ preset: text }).optional().catch(undefined),
});
