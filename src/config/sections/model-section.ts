import { z } from 'zod';
import { count, fraction } from './number-kinds.js';

/** The keys of `model`: those of each head, and what every head has. */

/** What every head has. */
const common = {
  window: z
    .strictObject({
      snippets: count.describe('Snippets a window; windows overlap by half.'),
      every: count.describe('Frames of video from one snippet to the next.'),
    })
    .nullable()
    .default(null)
    .describe('Long videos in windows, instead of as the snippets of `full`; THUMOS14: { snippets: 256, every: 5 }.'),
};

const gtad = z.strictObject({
  type: z
    .literal('gtad')
    .default('gtad')
    .describe(
      'The localisation head: gtad, the paper’s, or pyramid, anchor-free, which names what it finds. Each has its own keys here.',
    ),
  h1: count.default(256).describe('Channels of graph nodes.'),
  h2: count.default(128).describe('Channels of the later localisation layers.'),
  h3: count.default(512).describe('Channels of the first localisation layer.'),
  groups: count.default(32).describe('Groups of the graph blocks (cardinality of GCNeXt).'),
  width: count.default(128).describe('Channels inside graph blocks.'),
  k: count.default(3).describe('Semantic neighbours of a node, itself among them.'),
  inner: count.default(32).describe('SGAlign bins on the nodes.'),
  context: count.default(4).describe('SGAlign bins on the semantic context.'),
  kernel: z
    .union([z.literal(1), z.literal(3)])
    .default(1)
    .describe('Of the two middle localisation layers, over lengths and starts of anchors; THUMOS14: 3.'),
  maxDuration: count
    .nullable()
    .default(null)
    .describe('Snippets of the longest anchor; null: as long as what the head sees. THUMOS14: 64.'),
  ...common,
});

const pyramid = z
  .strictObject({
    type: z.literal('pyramid').describe('An anchor-free feature pyramid (ActionFormer, Zhang et al., ECCV 2022).'),
    blocks: z
      .enum(['attention', 'conv'])
      .default('attention')
      .describe('What looks at neighbouring snippets: local self-attention, or convolutions.'),
    width: count.default(256).describe('Channels of all layers; ActivityNet: 256, THUMOS14: 512.'),
    heads: count.default(4).describe('Of attention; divide the width.'),
    levels: count.default(6).describe('Levels of the pyramid, of strides 1, 2, 4, … snippets.'),
    stem: z.int().min(0).default(2).describe('Blocks before the pyramid.'),
    attention: count
      .nullable()
      .default(19)
      .describe('Snippets (of a level) that one attends to, an odd number; ActivityNet: 25; null: all.'),
    headLayers: count
      .default(3)
      .describe('Convolutions of the class branch and of the boundary branch, the outputs’ among them.'),
    dropPath: fraction.lt(1).default(0.1).describe('How often a residual branch is left out in training.'),
    dropout: fraction
      .lt(1)
      .default(0)
      .describe('How many values behind attention and in its MLP are left out in training.'),
    overlap: z
      .boolean()
      .default(true)
      .describe(
        'Instances of some lengths are learnt on two levels (of 1 to 4 strides); false: on one (2 to 4), as published.',
      ),
    centreRadius: z
      .number()
      .positive()
      .default(1.5)
      .describe('How far from its middle an instance is learnt, in strides of the level.'),
    labelSmoothing: fraction
      .lt(1)
      .default(0)
      .describe('How much of a class target is spread over all; ActivityNet: 0.1.'),
    lossWeight: z.number().positive().default(1).describe('Of the boundaries’ loss.'),
    normalizer: z
      .number()
      .positive()
      .default(50)
      .describe('Positive locations of an item from which the running normaliser of the loss starts; ActivityNet: 25.'),
    ...common,
  })
  .superRefine(({ width, heads, attention }, context) => {
    const refuse = (key: string, message: string) => {
      context.addIssue({ code: 'custom', path: [key], message });
    };
    if (width % heads !== 0) refuse('heads', `${width} channels do not divide into ${heads} heads`);
    if (attention !== null && attention % 2 === 0) refuse('attention', `${attention} is not odd: it has a middle`);
  });

/** `model`: the head and its sizes. */
export const modelSchema = z.discriminatedUnion('type', [gtad, pyramid], {
  error: ({ code }) => ((code as string) === 'invalid_union' ? 'expected one of "gtad"|"pyramid"' : undefined),
});

export type HeadType = z.output<typeof modelSchema>['type'];
