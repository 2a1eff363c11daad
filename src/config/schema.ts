import { z } from 'zod';
import { fidelities, withLowFidelity } from './low-fidelity.js';
import { modelSchema } from './model.js';

/** What every key means, with its unit and default. This is the only place that says so; files list what differs. */

const positive = z.number().positive();
const count = z.int().positive();
const fraction = z.number().min(0).max(1);
const part = z.number().positive().max(1);

/** One low-fidelity shape: how many snippets of a video, how large. */
const shape = z.strictObject({
  snippets: count.describe('Snippets a video, L.'),
  size: count.describe('Side of the square frames, pixels.'),
});

/** Learning rate over time: warm-up, then steps down. */
const schedule = {
  epochs: count.describe('Passes over the training samples.'),
  lr: positive.describe('Base learning rate.'),
  lrSchedule: z
    .enum(['steps', 'cosine'])
    .default('steps')
    .describe('After the warm-up: down at lrSteps, or along half a cosine to nothing at the end.'),
  lrSteps: z.array(positive).describe('Epochs at which the rate is multiplied by lrGamma, where lrSchedule is steps.'),
  lrGamma: positive.describe('Factor at each of lrSteps.'),
  warmupEpochs: z
    .number()
    .min(0)
    .describe('Epochs of linear warm-up, from a tenth of the rate (cosine: from nothing).'),
  batch: count.describe('Videos or clips an optimiser step.'),
  weightDecay: z.number().min(0).describe('L2 added to the gradient of weights (adamw: taken off the weights).'),
  clipNorm: z.number().min(0).describe('Largest norm of the whole gradient; 0: not clipped.'),
  microBatch: count
    .nullable()
    .describe('Videos or clips through the network at once, gradients adding up to the batch; null: the whole batch.'),
  lrFactors: z
    .record(z.string(), positive)
    .default({})
    .describe(
      'Factors on the rate, from the beginning of a name (encoder, encoder.layer4, head.loc); the longest counts.',
    ),
  ema: fraction
    .lt(1)
    .default(0)
    .describe('Decay of a moving average of the weights, which validation and later stages then use; 0: none.'),
};

const reestimate = z
  .int()
  .min(0)
  .describe(
    'At the end, the running statistics of batch normalisation are measured anew on so many training videos at full fidelity; 0: they stay as trained.',
  );

const batchNorm = z
  .enum(['train', 'frozen', 'frozen-affine'])
  .describe(
    "Batch normalisation while training: by the batch's statistics; by the running ones, left as they are (frozen); scale and offset left as they are too (frozen-affine).",
  );

const data = z.strictObject({
  root: z.string().default('.').describe('Folder that the other paths of this section are relative to.'),
  dataset: z.string().nullable().default(null).describe('A prepared dataset file (`lofi prepare`).'),
  annotations: z.string().nullable().default(null).describe('Or an annotation file, prepared at the start of the run.'),
  format: z
    .enum(['activitynet', 'thumos', 'gtad', 'hacs', 'csv'])
    .default('activitynet')
    .describe('Format of `annotations`.'),
  videos: z.string().nullable().default(null).describe('Folder of the videos of `annotations`.'),
  clips: z
    .string()
    .nullable()
    .default(null)
    .describe('CSV of trimmed clips for stage 1: path,label[,subset]. Without it: the instances of the videos.'),
  features: z
    .string()
    .nullable()
    .default(null)
    .describe(
      'Folder of published features, a file a video (<id>.npy, .npz, .csv, .safetensors): no encoder is trained, and no videos are needed.',
    ),
  featureLayout: z
    .enum(['auto', 'rows', 'columns'])
    .default('auto')
    .describe(
      'Whether a row of a feature file is a snippet ([T, C]) or a column is; auto: told by which axis all files share.',
    ),
  labels: z
    .record(z.string(), z.string().min(1).nullable())
    .default({})
    .describe('Labels to rename or merge, from → to; null drops the instances and clips that bear it.'),
  trainOn: z.string().min(1).default('training').describe('Subset that is trained on.'),
  validateOn: z.string().min(1).default('validation').describe('Subset that is validated on.'),
  synthetic: z
    .strictObject({
      videos: count.describe('Untrimmed videos.'),
      classes: count.describe('Classes of motion, at most 8.'),
      clipsPerClass: count.default(40).describe('Trimmed clips a class for stage 1.'),
      seed: z.int().default(1).describe('Names the dataset.'),
    })
    .nullable()
    .default(null)
    .describe('Or a synthetic dataset, made in the run folder.'),
  resize: z
    .enum(['crop', 'squash'])
    .default('crop')
    .describe('Frames to squares: short side to size·256/224 and a crop, or the whole frame squashed.'),
  fps: positive
    .nullable()
    .default(null)
    .describe(
      'Videos are read as if they had so many frames a second, of each the one nearest in time; encoder.stride and model.window.every count these. null: as they are.',
    ),
  flip: z.boolean().default(true).describe('Mirror half of the training samples (not where left and right matter).'),
  missing: z
    .enum(['fail', 'skip'])
    .default('fail')
    .describe('Videos that are missing or broken: stop, or leave them out.'),
  colorJitter: fraction
    .default(0)
    .describe('Brightness, contrast and saturation of training samples vary by up to this part; 0: colours stay.'),
  still: fraction
    .default(0)
    .describe(
      'Training samples are blended with a still frame of another one of the batch, by up to this part, so that a scene tells less of what happens in it; 0: they are not.',
    ),
  prefetch: count.default(2).describe('Batches decoded ahead.'),
  processes: count.nullable().default(null).describe('ffmpeg processes at a time; null: as many as cores.'),
  memoryGiB: z.number().min(0).default(2).describe('Decoded frames kept in memory from epoch to epoch, GiB.'),
  cacheGiB: z
    .number()
    .min(0)
    .default(0)
    .describe('Decoded frames kept on disk from run to run, GiB, the least recently used thrown out first; 0: none.'),
  cache: z
    .string()
    .nullable()
    .default(null)
    .describe("Folder of that cache, for one or several runs; safe to delete. null: in the user's cache folder."),
  stallSeconds: positive
    .default(600)
    .describe('Seconds that reading the frames of one video or clip may take; then it counts as broken (`missing`).'),
  trainVideos: count.nullable().default(null).describe('Training videos, for `schedule` without data.'),
});

const encoderKeys = z.strictObject({
  type: z
    .enum(['resnet18', 'resnet34', 'resnet50', 'r2plus1d-18', 'mobilenet-v2', 'efficientnet-lite0'])
    .default('resnet18')
    .describe('A network of frames (with TSM), or of whole snippets: r2plus1d-18, made for frames of 112 pixels.'),
  width: positive
    .nullable()
    .default(null)
    .describe(
      'Channels of the first stage (null: 64); mobilenet-v2: factor on all channels (null: 1). Not for efficientnet-lite0.',
    ),
  shift: z
    .int()
    .min(0)
    .nullable()
    .default(null)
    .describe('TSM: 1/shift of the channels to either side in time (null: 8); 0: no shift. Not for r2plus1d-18.'),
  frames: count.default(8).describe('Frames a snippet, F.'),
  stride: count.default(8).describe('Frames of video from one frame of a snippet to the next.'),
  weights: z
    .string()
    .nullable()
    .default(null)
    .describe(
      'Start from: imagenet (efficientnet-lite0 only, by `lofi setup --imagenet`), or a safetensors file, a file of torch.save, the model.json of a tfjs layers MobileNetV2; relative to data.root.',
    ),
});

/** `encoder`, with what only some of the networks take. */
export const encoderSchema = encoderKeys
  .superRefine(({ type, width, shift }, context) => {
    const refuse = (key: string, message: string) => {
      context.addIssue({ code: 'custom', path: [key], message });
    };
    if (type === 'mobilenet-v2') {
      if (width !== null && width > 2) refuse('width', `mobilenet-v2 takes a factor of at most 2, not ${width}`);
    } else if (type === 'efficientnet-lite0') {
      if (width !== null && width !== 1) refuse('width', `${type} comes in one width: take it out`);
    } else if (width !== null && !Number.isInteger(width)) {
      refuse('width', `${type} takes a whole number of channels, not ${width}`);
    }
    if (shift === 1) refuse('shift', '1/shift of the channels goes to either side: it takes 0, or 2 and more');
    if (type === 'r2plus1d-18' && shift) refuse('shift', `${type} has convolutions over time and takes no shift`);
  })
  .transform((keys) => ({
    ...keys,
    width: keys.width ?? (/^(mobilenet|efficientnet)/.test(keys.type) ? 1 : 64),
    shift: keys.shift ?? (keys.type === 'r2plus1d-18' ? 0 : 8),
  }));

/** Multigrid (Wu et al., CVPR 2020): coarse shapes with large batches first. Factors are of encoder.frames and pretrain.size. */
const multigrid = z
  .strictObject({
    longCycle: z
      .boolean()
      .default(true)
      .describe(
        'Go through longFactors once in every plateau of the rate; the last plateau has the last of them only.',
      ),
    shortCycle: z.boolean().default(true).describe('From batch to batch, go through shortFactors and the long shape.'),
    epochFactor: positive.default(1.5).describe('Epochs of the whole schedule, as a factor on `epochs`.'),
    longFactors: z
      .array(
        z.strictObject({
          frames: part.describe('Frames a clip, part of encoder.frames.'),
          size: part.describe('Side of the square frames, part of pretrain.size.'),
        }),
      )
      .min(1)
      .default([
        { frames: 1 / 4, size: Math.SQRT1_2 },
        { frames: 1 / 2, size: Math.SQRT1_2 },
        { frames: 1 / 2, size: 1 },
        { frames: 1, size: 1 },
      ])
      .describe('Shapes of the long cycle, in order; batch and rate grow by what a clip shrinks.'),
    shortFactors: z
      .array(part)
      .min(1)
      .default([1 / 2, Math.SQRT1_2])
      .describe('Sides of the short cycle, parts of pretrain.size, never above the long shape; only the batch grows.'),
    batchNormBase: count.default(8).describe('Clips whose batch statistics are taken together, in the long shape.'),
  })
  .refine(({ longCycle, shortCycle }) => longCycle || shortCycle, 'neither longCycle nor shortCycle: set it to null');

const pretrain = z.strictObject({
  ...schedule,
  epochs: z
    .int()
    .min(0)
    .default(50)
    .describe('Passes over the training clips; 0: no stage 1, the encoder is what encoder.weights gives.'),
  batch: schedule.batch.default(128),
  lr: schedule.lr.default(0.02),
  lrSteps: schedule.lrSteps.default([20, 40]),
  lrGamma: schedule.lrGamma.default(0.1),
  warmupEpochs: schedule.warmupEpochs.default(0),
  weightDecay: schedule.weightDecay.default(1e-4),
  clipNorm: schedule.clipNorm.default(20),
  microBatch: schedule.microBatch.default(null),
  optimizer: z.enum(['sgd', 'adam']).default('sgd').describe('adam: learns small sets from scratch much sooner.'),
  momentum: fraction.default(0.9).describe('Of SGD.'),
  size: count.default(224).describe('Side of the square frames, pixels.'),
  sampling: z.enum(['dense', 'uniform']).default('dense').describe('Frames of a clip: consecutive, or spread over it.'),
  dropout: fraction.default(0.5).describe('Before the classifier.'),
  classifierLr: positive
    .default(5)
    .describe("Factor on the rate of the classifier's weight (twice that for its bias)."),
  mixup: z
    .number()
    .min(0)
    .max(4)
    .default(0)
    .describe('α of mixup: samples are blended in pairs by shares from Beta(α, α); 0: they are not.'),
  views: z
    .strictObject({
      clips: count.default(1).describe('Samples in time, evenly spaced.'),
      crops: z
        .literal([1, 3])
        .default(1)
        .describe('1: the centre at `size`; 3: squares of the short side, before it is cropped, along the long one.'),
    })
    .prefault({})
    .describe('Views a clip whose logits are averaged in a last validation at the end (10 × 3 in the literature).'),
  batchNorm: batchNorm.default('train'),
  reestimate: reestimate.default(0),
  multigrid: multigrid.nullable().default(null).describe('Train by multigrid; null: one shape all along.'),
});

const joint = z.strictObject({
  ...schedule,
  epochs: schedule.epochs.default(15),
  batch: schedule.batch.default(16),
  lr: schedule.lr.default(0.1),
  lrSteps: schedule.lrSteps.default([5, 10]),
  lrGamma: schedule.lrGamma.default(0.5),
  warmupEpochs: schedule.warmupEpochs.default(0),
  weightDecay: schedule.weightDecay.default(1e-4),
  clipNorm: schedule.clipNorm.default(0),
  microBatch: schedule.microBatch.default(4),
  optimizer: z
    .enum(['sgd', 'adamw'])
    .default('sgd')
    .describe('adamw: Adam with decoupled weight decay, none of biases, norms and scales.'),
  momentum: fraction.default(0).describe('Of SGD.'),
  fidelity: z
    .enum(fidelities)
    .nullable()
    .default(null)
    .describe(
      'Shapes of a quarter of `full`: s (half its size), t (a quarter of its snippets), st (half of them, size/√2); long, short: all three in turn. null: long, or `shapes`.',
    ),
  shapes: z
    .array(shape)
    .min(1)
    .nullable()
    .default(null)
    .describe('Other low-fidelity shapes, in the order of the cycle; null: those of `fidelity`.'),
  cycle: z
    .strictObject({
      unit: z
        .enum(['epoch', 'batch'])
        .nullable()
        .default(null)
        .describe('Long cycle: epochs; short cycle: batches, counted over the whole run. null: as `fidelity` says.'),
      length: count.nullable().default(null).describe('Units before the next shape; null: 1 epoch, 16 batches.'),
    })
    .prefault({})
    .describe('When the shape changes.'),
  batchNorm: batchNorm.default('train'),
  classes: z
    .boolean()
    .default(true)
    .describe(
      'The pyramid names the actions that it finds; false: it only finds them, as the paper’s head does, so that no scene can stand for a class.',
    ),
  blend: part
    .default(1)
    .describe(
      'How far from the encoder of stage 1 to the trained one later stages go: weights in between. 1: all the way; less where few videos make it forget what it knew.',
    ),
  reestimate: reestimate.default(0),
  gradient: z
    .enum(['tape', 'chunked'])
    .default('tape')
    .describe(
      'How the encoder is differentiated. tape: in one pass, kept until the head has answered; chunked: `chunk` snippets at a time, encoded a second time: any L and size in little memory, for a third more time.',
    ),
  chunk: count
    .default(10)
    .describe(
      'Snippets through the encoder at once where gradient is chunked; where batchNorm is train they are normalised by their own statistics.',
    ),
});

const head = z.strictObject({
  ...schedule,
  epochs: schedule.epochs.default(10),
  batch: schedule.batch.default(16),
  lr: schedule.lr.default(4e-3),
  lrSteps: schedule.lrSteps.default([5]),
  lrGamma: schedule.lrGamma.default(0.1),
  warmupEpochs: schedule.warmupEpochs.default(0),
  weightDecay: schedule.weightDecay.default(1e-4),
  clipNorm: schedule.clipNorm.default(0),
  microBatch: schedule.microBatch.default(null),
  optimizer: z
    .enum(['adam', 'adamw'])
    .default('adam')
    .describe('adamw: decoupled weight decay, none of biases, norms and scales.'),
  windows: z
    .enum(['grid', 'random'])
    .default('grid')
    .describe(
      'What is trained on. grid: the windows that detection sees; random: of each video and epoch one at a random place, of a video that is no longer than it nine tenths or more.',
    ),
  views: count
    .default(1)
    .describe(
      'Views of each training video, of which every epoch sees one: the first is what detection sees, `extract` makes others by cutting at random, `data.flip` and `data.colorJitter`.',
    ),
  validateEvery: count.default(1).describe('Epochs between validations; the best by mAP is kept.'),
  classifier: z
    .strictObject({
      epochs: count.default(60).describe('Epochs over the training instances.'),
      lr: positive.default(1e-3).describe('Adam rate.'),
      weightDecay: z.number().min(0).default(1e-3).describe('L2 of the weights.'),
      dropout: fraction.default(0.3).describe('Of the input features.'),
      jitter: fraction.default(0.15).describe('Instances are moved at either end by up to this part of their length.'),
    })
    .prefault({})
    .describe('Labels of proposals: a softmax over the mean features of a segment.'),
});

const detect = z.strictObject({
  softNmsSigma: positive.default(0.84).describe('Gaussian Soft-NMS.'),
  keep: count.default(100).describe('Proposals kept a video.'),
  classes: count.default(2).describe('Labels a proposal is reported with, where the head gives none.'),
  peaks: z
    .boolean()
    .default(true)
    .describe('Propose anchors from a start that stands out to an end that does; false: all anchors (THUMOS14).'),
  minScore: z.number().min(0).default(0).describe('Of heads that give labels: lower scores are no proposals.'),
  voting: part
    .nullable()
    .default(null)
    .describe(
      'Of heads that give labels: after Soft-NMS, ends become the means of all proposals that overlap with this tIoU or more, weighted by score × tIoU; null: they stay.',
    ),
  scores: z
    .string()
    .nullable()
    .default(null)
    .describe(
      "Labels by the class scores of whole videos in this file (JSON; THUMOS14: UntrimmedNet's .npy), relative to data.root; null: by the run's own classifier of segments.",
    ),
  normalizeScores: z
    .boolean()
    .default(false)
    .describe('Divide the scores of a video by the sum of all that `scores` has of it (HACS).'),
});

/** When a training stage keeps a checkpoint, beside one with each new best and one at its end. */
const checkpoint = z.strictObject({
  everyMinutes: positive.default(5).describe('Minutes of work between checkpoints; `extract` writes as often.'),
  everySteps: count.nullable().default(null).describe('Optimiser steps between checkpoints; null: by time only.'),
  keepLast: count.default(2).describe('Newest checkpoints of a stage that are kept, beside the best.'),
  keepEvery: count.nullable().default(null).describe('Those at multiples of so many steps stay for good; null: none.'),
});

const training = z.strictObject({
  onDivergence: z
    .enum(['stop', 'rollback'])
    .default('stop')
    .describe('When the loss is not finite: stop, or go back to the newest checkpoint and on at a lower rate.'),
  rollbackFactor: part
    .lt(1)
    .default(0.5)
    .describe('Factor on the learning rate at each rollback, to the end of the stage.'),
  maxRollbacks: count.default(3).describe('Rollbacks of a stage before it stops all the same.'),
});

const notify = z.strictObject({
  command: z
    .array(z.string())
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'Program and arguments to start, without a shell, when a stage or `run` has ended, failed or was stopped; the outcome is its last argument (JSON).',
    ),
});

/** The whole configuration of a run. */
export const configSchema = z
  .strictObject({
    seed: z.int().default(0).describe('Names every random stream of the run.'),
    data: data.prefault({}).describe('What is trained on.'),
    encoder: encoderSchema.prefault({}).describe('The video encoder.'),
    precision: z
      .enum(['float32', 'bfloat16', 'auto'])
      .default('float32')
      .describe(
        'What the encoder computes in while it trains; parameters, statistics, features and head are float32 in any case. auto: bfloat16 where the processor multiplies it (AVX512-BF16, AMX).',
      ),
    model: modelSchema.prefault({}).describe('The localisation head.'),
    full: shape.prefault({ snippets: 100, size: 224 }).describe('Full fidelity: of `extract` and `detect`.'),
    pretrain: pretrain.prefault({}).describe('Stage 1: encoder and classifier on trimmed clips.'),
    joint: joint.prefault({}).describe('Stage 2 (LoFi): encoder and head together at low fidelity.'),
    head: head.prefault({}).describe('Stage 3: a fresh head on features of the frozen encoder.'),
    detect: detect.prefault({}).describe('From outputs to detections.'),
    checkpoint: checkpoint.prefault({}).describe('How often the state of training is kept.'),
    training: training.prefault({}).describe('What every training stage does about trouble.'),
    notify: notify.prefault({}).describe('Whom to tell.'),
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
export type Shape = z.output<typeof shape>;
/** The keys that every training stage has. */
export type Schedule = Pick<Config['pretrain'], keyof typeof schedule>;
/** The keys that every training stage's learning rate is made of. */
export type LearningRate = Pick<
  Config['pretrain'],
  'epochs' | 'lr' | 'lrSchedule' | 'lrSteps' | 'lrGamma' | 'warmupEpochs'
>;
