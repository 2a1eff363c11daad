import { z } from 'zod';

/** The sizes in which AlexNet is built (`encoder.alexnet.preset`), with what goes with them where nothing is stated. */
export const alexnetPresets = {
  full: { groups: 2, lrn: 'paper', describe: 'as published, for frames of 227 pixels' },
  mini: { groups: 1, lrn: 'paper', describe: 'an eighth of the channels, for frames of 48 pixels' },
  torchvision: { groups: 1, lrn: 'none', describe: "torchvision's, whose weights it loads, for frames of 224 pixels" },
} as const;
const presetNames = Object.keys(alexnetPresets) as [keyof typeof alexnetPresets, ...(keyof typeof alexnetPresets)[]];

const lrnModes = ['none', 'paper', 'perElement'] as const;
const lrnHelp =
  'Local response normalisation behind the first two convolutions. paper: by the printed formula; perElement: alpha ' +
  "divided by the five channels of the sum, as in the authors' code, Caffe and PyTorch; none";

const shared = {
  feature: z
    .enum(['fc7', 'conv5'])
    .default('fc7')
    .describe('The feature: the output of the second fully connected layer, or the mean of the last maps.'),
  dropout: z
    .number()
    .min(0)
    .lt(1)
    .default(0.5)
    .describe(
      'Fraction of the outputs of the first fully connected layer that training sets to 0. `pretrain.dropout` is ' +
        'that of the second.',
    ),
};

/** `encoder.alexnet`. */
export const alexnetSchema = z.strictObject({
  preset: z
    .enum(presetNames)
    .default('full')
    .describe(`Sizes: ${presetNames.map((name) => `${name} (${alexnetPresets[name].describe})`).join(', ')}.`),
  groups: z
    .union([z.literal(1), z.literal(2)])
    .nullable()
    .default(null)
    .describe(
      'Parts of the channels of the second, fourth and fifth convolution that do not see each other: 2 as on the two ' +
        `GPUs of the authors (null: ${presetNames.map((name) => `${name} ${alexnetPresets[name].groups}`).join(', ')}).`,
    ),
  lrn: z
    .enum(lrnModes)
    .nullable()
    .default(null)
    .describe(`${lrnHelp} (null: ${presetNames.map((name) => `${name} ${alexnetPresets[name].lrn}`).join(', ')}).`),
  overlap: z
    .boolean()
    .default(true)
    .describe('Whether max pools overlap: windows of 3 at step 2; false: windows of 2 at step 2.'),
  ...shared,
});

/** How a fusion network joins the frames of a snippet (`encoder.fusion.kind`). */
export const fusionKinds = ['single', 'early', 'late', 'slow'] as const;
export type FusionKind = (typeof fusionKinds)[number];

/** What a fusion network sees of a frame (`encoder.fusion.streams`). */
export const fusionStreams = ['full', 'fovea', 'context', 'fovea+context'] as const;
export type FusionStreams = (typeof fusionStreams)[number];

/** `encoder.fusion`. */
export const fusionSchema = z.strictObject({
  preset: z
    .enum(['full', 'mini'])
    .default('full')
    .describe(
      'Sizes: full (as published, for frames of 170 pixels, or 178 with streams), mini (an eighth of the channels, for ' +
        'frames of 48 pixels).',
    ),
  kind: z
    .enum(fusionKinds)
    .default('slow')
    .describe(
      'Where the frames of a snippet meet. single: nowhere, each has a feature of its own; early: in the first ' +
        'convolution; slow: little by little in the first three; late: behind the convolutions, of the first and the ' +
        'last frame.',
    ),
  streams: z
    .enum(fusionStreams)
    .default('full')
    .describe(
      'What is seen of a frame: all of it; fovea: the middle, of half the height and width; context: all of it at half ' +
        'the resolution; fovea+context: both, each by convolutions of its own.',
    ),
  lrn: z.enum(lrnModes).default('paper').describe(`${lrnHelp}.`),
  ...shared,
});

/** The keys of `encoder.alexnet` with their values. */
export type AlexnetKeys = z.output<typeof alexnetSchema>;
/** The keys of `encoder.fusion` with their values. */
export type FusionKeys = z.output<typeof fusionSchema>;

/** What is null in `encoder.alexnet` as its preset has it. */
export function completeAlexnet(keys: AlexnetKeys): AlexnetKeys {
  const { groups, lrn } = alexnetPresets[keys.preset];
  return { ...keys, groups: keys.groups ?? groups, lrn: keys.lrn ?? lrn };
}
