import { z } from 'zod';
import { count, fraction, positive } from './number-kinds.js';

/** `data`: the training data, and how they are read. */
export const dataSchema = z.strictObject({
  root: z.string().default('.').describe('Folder that the other paths of this section are relative to.'),
  dataset: z
    .string()
    .nullable()
    .default(null)
    .describe('Dataset file that `lofi prepare` wrote. Give one of dataset, annotations and synthetic.'),
  annotations: z
    .string()
    .nullable()
    .default(null)
    .describe('Annotation file, or a folder of them; the dataset is prepared at the start of the run.'),
  format: z
    .enum(['auto', 'activitynet', 'thumos', 'gtad', 'hacs', 'csv'])
    .default('activitynet')
    .describe('Format of `annotations`; auto: told by the content, of any tool that `lofi prepare` reads.'),
  videos: z.string().nullable().default(null).describe('Folder of the videos of `annotations`.'),
  clips: z
    .string()
    .nullable()
    .default(null)
    .describe(
      'CSV file of trimmed clips for stage 1: path,label[,subset]. null: the instances of the videos are the clips.',
    ),
  features: z
    .string()
    .nullable()
    .default(null)
    .describe(
      'Folder of published features with one file for each video (<id>.npy, .npz, .csv, .safetensors). No encoder ' +
        'is trained, and no videos are needed. null: the run makes its own features.',
    ),
  unlabelled: z
    .string()
    .nullable()
    .default(null)
    .describe('Folder of videos without annotations, subfolders included, for `pretext`; null: none.'),
  featureLayout: z
    .enum(['auto', 'rows', 'columns'])
    .default('auto')
    .describe(
      'Layout of published features: each row is a snippet ([T, C]), or each column is. auto: found from the axis ' +
        'whose size all files share.',
    ),
  labels: z
    .record(z.string(), z.string().min(1).nullable())
    .default({})
    .describe('Labels to rename or merge: from → to. null drops the instances and clips with the label.'),
  trainOn: z.string().min(1).default('training').describe('Subset used for training.'),
  validateOn: z.string().min(1).default('validation').describe('Subset used for validation.'),
  synthetic: z
    .strictObject({
      videos: count.describe('Number of untrimmed videos.'),
      classes: count.describe('Number of classes (kinds of motion), at most 8.'),
      clipsPerClass: count.default(40).describe('Trimmed clips of each class for stage 1.'),
      length: z
        .number()
        .min(1)
        .max(60)
        .default(1)
        .describe('Factor on the length of videos, which is 20 to 60 s; actions stay as many and as long.'),
      seed: z.int().default(1).describe('Seed of the synthetic dataset.'),
    })
    .nullable()
    .default(null)
    .describe('Synthetic dataset that is made in the run folder.'),
  resize: z
    .enum(['crop', 'squash'])
    .default('crop')
    .describe(
      'How frames become squares. crop: the short side is scaled to size·256/224, then cropped; squash: the whole ' +
        'frame is scaled to a square.',
    ),
  fps: positive
    .nullable()
    .default(null)
    .describe(
      'Frames per second at which videos are read; for each frame, the nearest one in time is taken. ' +
        'encoder.stride and model.window.every count these frames. null: the frame rate of each video.',
    ),
  flip: z
    .boolean()
    .default(true)
    .describe('Mirror half of the training samples. Set false where left and right matter.'),
  missing: z
    .enum(['fail', 'skip'])
    .default('fail')
    .describe('How videos that are missing or broken are treated: stop with an error, or leave them out.'),
  colorJitter: fraction
    .default(0)
    .describe('Largest relative change of brightness, contrast and saturation of training samples; 0: none.'),
  still: fraction
    .default(0)
    .describe(
      'Largest share of a still frame of another sample of the micro-batch that is blended into a training sample, so ' +
        'that the scene says less about the action; 0: none.',
    ),
  prefetch: count.default(2).describe('Number of batches decoded ahead.'),
  processes: count.nullable().default(null).describe('Number of ffmpeg processes at a time; null: one for each core.'),
  memoryGiB: z
    .number()
    .min(0)
    .default(2)
    .describe('Memory for decoded frames that are kept from epoch to epoch, in GiB.'),
  cacheGiB: z
    .number()
    .min(0)
    .default(0)
    .describe(
      'Disk space for decoded frames that are kept from run to run, in GiB; 0: none. The least recently used are ' +
        'deleted first.',
    ),
  cache: z
    .string()
    .nullable()
    .default(null)
    .describe(
      "Folder of decoded frames on disk; several runs can share it, and it can be deleted. null: in the user's " +
        'cache folder.',
    ),
  stallSeconds: positive
    .default(600)
    .describe(
      'Longest time for reading the frames of one video or clip, in seconds. After that it counts as broken (see ' +
        '`missing`).',
    ),
  trainVideos: count.nullable().default(null).describe('Number of training videos, for `lofi schedule` without data.'),
});
