import { z } from 'zod';
import { shape } from './sections/number-kinds.js';
import { dataSchema } from './sections/data-section.js';
import { detectSchema } from './sections/detect-section.js';
import { encoderSchema } from './sections/encoder-section.js';
import { headSchema } from './sections/head-section.js';
import { modelSchema } from './sections/model-section.js';
import { jointSchema } from './sections/joint-section.js';
import { withLowFidelity } from './sections/low-fidelity.js';
import { pretrainSchema } from './sections/pretrain-section.js';
import { checkpointSchema, notifySchema, trainingSchema } from './sections/run-sections.js';

/** `full`: each key has a default, so that one of them can be stated alone. */
const fullSchema = shape.extend({ snippets: shape.shape.snippets.default(100), size: shape.shape.size.default(224) });

/** The whole configuration of a run. */
export const configSchema = z
  .strictObject({
    seed: z.int().default(0).describe('Names every random stream of the run.'),
    data: dataSchema.prefault({}).describe('What is trained on.'),
    encoder: encoderSchema.prefault({}).describe('The video encoder.'),
    precision: z
      .enum(['float32', 'bfloat16', 'auto'])
      .default('float32')
      .describe(
        'What the encoder computes in while it trains; parameters, statistics, features and head are float32 in any case. auto: bfloat16 where the processor multiplies it (AVX512-BF16, AMX).',
      ),
    model: modelSchema.prefault({}).describe('The localisation head.'),
    full: fullSchema.prefault({}).describe('Full fidelity, at which `extract` and `detect` see videos.'),
    pretrain: pretrainSchema.prefault({}).describe('Stage 1: encoder and classifier on trimmed clips.'),
    joint: jointSchema.prefault({}).describe('Stage 2 (LoFi): encoder and head together at low fidelity.'),
    head: headSchema.prefault({}).describe('Stage 3: a fresh head on features of the frozen encoder.'),
    detect: detectSchema.prefault({}).describe('From outputs to detections.'),
    checkpoint: checkpointSchema.prefault({}).describe('How often the state of training is kept.'),
    training: trainingSchema.prefault({}).describe('What every training stage does about trouble.'),
    notify: notifySchema.prefault({}).describe('Whom to tell.'),
    evaluation: z
      .strictObject({
        preset: z
          .enum(['activitynet', 'thumos14', 'hacs'])
          .default('activitynet')
          .describe('tIoU thresholds of mAP: 0.5 to 0.95 in steps of 0.05; thumos14: 0.3 to 0.7 in steps of 0.1.'),
      })
      .prefault({})
      .describe('By what the head is validated and the run is judged.'),
  })
  .transform((keys, context) => ({ ...keys, joint: withLowFidelity(keys.joint, keys.full, context) }))
  .superRefine(({ data, model, full, pretrain, joint, head }, context) => {
    if (data.resize === 'squash' && pretrain.views.crops > 1) {
      const message = 'data.resize=squash leaves one crop, the whole frame: set 1';
      context.addIssue({ code: 'custom', path: ['pretrain', 'views', 'crops'], message });
    }
    if (data.features !== null && head.views > 1) {
      const message = 'published features (data.features) have one view: set 1';
      context.addIssue({ code: 'custom', path: ['head', 'views'], message });
    }
    if (pretrain.multigrid && pretrain.lrSchedule !== 'steps') {
      const message = 'pretrain.multigrid goes by the plateaus of lrSteps: set steps';
      context.addIssue({ code: 'custom', path: ['pretrain', 'lrSchedule'], message });
    }
    if (model.type !== 'gtad') return;
    const shapes = [model.window ?? full, ...joint.shapes];
    if (shapes.every(({ snippets }) => snippets >= model.k)) return;
    const message = `a node has ${model.k} neighbours: no shape may have fewer snippets (full, model.window, joint.shapes)`;
    context.addIssue({ code: 'custom', path: ['model', 'k'], message });
  });

export type Config = z.output<typeof configSchema>;
export type { Shape } from './sections/number-kinds.js';
export type { LearningRate, TrainingKeys } from './sections/training-keys.js';
