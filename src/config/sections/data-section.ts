import { z } from 'zod';
import { count, fraction, positive } from './number-kinds.js';

/** `data`: what is trained on, and how it is read. */
export const dataSchema = z.strictObject({
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
