import { z } from 'zod';
import { imagesOfSnippet } from './encoder-inputs.js';
import { shape } from './sections/number-kinds.js';
import { dataSchema } from './sections/data-section.js';
import { detectSchema } from './sections/detect-section.js';
import { encoderSchema } from './sections/encoder-section.js';
import { headSchema } from './sections/head-section.js';
import { modelSchema } from './sections/model-section.js';
import { jointSchema } from './sections/joint-section.js';
import { withLowFidelity } from './sections/low-fidelity.js';
import { pretextProblems } from './pretext/pretext-facts.js';
import { pretextSchema } from './pretext/pretext-keys.js';
import { pretrainSchema } from './sections/pretrain-section.js';
import { checkpointSchema, engineSchema, notifySchema, trainingSchema } from './sections/run-sections.js';
import { segmentsSchema } from './sections/segments-section.js';

/** `full`. Each key has its own default, so that one of them can be stated alone. */
const fullSchema = shape.extend({ snippets: shape.shape.snippets.default(100), size: shape.shape.size.default(224) });

/** The whole configuration of a run. */
export const configSchema = z
  .strictObject({
    seed: z.int().default(0).describe('Seed of every random stream of the run.'),
    data: dataSchema.prefault({}).describe('The training data, and how they are read.'),
    encoder: encoderSchema.prefault({}).describe('The video encoder.'),
    precision: z
      .enum(['float32', 'bfloat16', 'auto'])
      .default('float32')
      .describe(
        'Number format in which the encoder computes while it is trained. Parameters, statistics, features and head ' +
          'are always float32. auto: bfloat16 if the processor can multiply it (AVX512-BF16, AMX), else float32.',
      ),
    model: modelSchema.prefault({}).describe('The localisation head.'),
    full: fullSchema
      .prefault({})
      .describe('Full fidelity: the snippets and frame size at which `extract` and `detect` see videos.'),
    pretext: pretextSchema
      .nullable()
      .default(null)
      .describe('Before stage 1: an LSTM that learns from video without labels; null: none.'),
    pretrain: pretrainSchema.prefault({}).describe('Stage 1: encoder and classifier on trimmed clips.'),
    joint: jointSchema.prefault({}).describe('Stage 2 (LoFi): encoder and head together at low fidelity.'),
    head: headSchema.prefault({}).describe('Stage 3: a fresh head on features of the frozen encoder.'),
    segments: segmentsSchema.prefault({}).describe('How the class of a segment is found from its snippets.'),
    detect: detectSchema.prefault({}).describe("How the head's outputs become detections."),
    checkpoint: checkpointSchema.prefault({}).describe('When checkpoints are written, and which are kept.'),
    training: trainingSchema.prefault({}).describe('How every training stage treats divergence.'),
    engine: engineSchema.prefault({}).describe('How the engine runs the ops of networks.'),
    notify: notifySchema.prefault({}).describe('Who is notified when a command has ended.'),
    evaluation: z
      .strictObject({
        preset: z
          .enum(['activitynet', 'thumos14', 'hacs'])
          .default('activitynet')
          .describe(
            'tIoU thresholds of mAP: 0.5 to 0.95 in steps of 0.05, or for thumos14 0.3 to 0.7 in steps of 0.1.',
          ),
      })
      .prefault({})
      .describe('The metric by which the head is validated and the run is evaluated.'),
  })
  .transform((keys, context) => ({ ...keys, joint: withLowFidelity(keys.joint, keys.full, context) }))
  .superRefine((config, context) => {
    const { data, encoder, model, full, pretrain, joint, head } = config;
    for (const { key, message } of pretextProblems(config))
      context.addIssue({ code: 'custom', path: ['pretext', key], message });
    if (data.resize === 'squash' && pretrain.views.crops === 3) {
      const message = 'data.resize=squash leaves one crop of the whole short side: set 1 or 10';
      context.addIssue({ code: 'custom', path: ['pretrain', 'views', 'crops'], message });
    }
    if (data.features !== null && head.views > 1) {
      const message = 'published features (data.features) have one view: set 1';
      context.addIssue({ code: 'custom', path: ['head', 'views'], message });
    }
    if (pretrain.transfer !== 'all' && pretrain.reestimate > 0) {
      const message = `pretrain.transfer=${pretrain.transfer} keeps the running statistics as they are: set 0`;
      context.addIssue({ code: 'custom', path: ['pretrain', 'reestimate'], message });
    }
    if (pretrain.multigrid && pretrain.lrSchedule !== 'steps') {
      const message = 'pretrain.multigrid goes by the plateaus of lrSteps: set steps';
      context.addIssue({ code: 'custom', path: ['pretrain', 'lrSchedule'], message });
    }
    const clips = pretrain.multigrid?.longCycle ? pretrain.multigrid.longFactors : [];
    for (const [i, factor] of clips.entries()) {
      const frames = encoder.frames * factor.frames;
      const windows = imagesOfSnippet({ ...encoder, frames });
      if (encoder.input === 'rgb' || (frames >= 2 && Number.isInteger(frames) && Number.isInteger(windows))) continue;
      const message =
        `clips of ${frames} frames are not a whole number of windows of ${encoder.window ?? 'two or more'} frames, ` +
        `which encoder.input=${encoder.input} needs`;
      context.addIssue({ code: 'custom', path: ['pretrain', 'multigrid', 'longFactors', i, 'frames'], message });
    }
    if (model.type !== 'gtad') return;
    const shapes = [model.window ?? full, ...joint.shapes];
    if (shapes.every(({ snippets }) => snippets >= model.k)) return;
    const message =
      `a node has ${model.k} neighbours: no shape may have fewer snippets ` + '(full, model.window, joint.shapes)';
    context.addIssue({ code: 'custom', path: ['model', 'k'], message });
  });

/** A complete configuration: every key has its value. */
export type Config = z.output<typeof configSchema>;
export type { Shape } from './sections/number-kinds.js';
export type { LearningRate, TrainingKeys } from './sections/training-keys.js';
