import { z } from 'zod';
import { count, fraction } from './number-kinds.js';

/** The LSTM, whose geometry the sequence module of a head, the classifier of segments and `pretext` share. */
const lstm = z
  .strictObject({
    units: count.default(128).describe('Units of a layer.'),
    layers: count.default(1).describe('Layers, each of which sees the outputs of the one below.'),
    block: z
      .int()
      .min(2)
      .default(16)
      .describe('Snippets of a block, in which the LSTM of model.sequence begins from nothing.'),
    stride: count.default(8).describe('Distance between blocks, in snippets; at most `block`.'),
  })
  .refine(({ block, stride }) => stride <= block, {
    path: ['stride'],
    error: 'blocks that are further apart than they are long leave snippets out: set at most model.lstm.block',
  });

/** The keys of `model` that every head has. */
const common = {
  sequence: z
    .enum(['none', 'lstm'])
    .default('none')
    .describe(
      'Gives the head further channels, which say what came before each snippet. lstm: the outputs of an LSTM over ' +
        'blocks of snippets, averaged where blocks overlap. It is trained with the head, from the weights of ' +
        '`pretext` where that stage learns from features, else from scratch.',
    ),
  lstm: lstm.prefault({}).describe('The LSTM of model.sequence, of segments.classifier and of `pretext`.'),
  arp: z
    .int()
    .min(2)
    .nullable()
    .default(null)
    .describe(
      'Gives the head as many channels again, which say how features change: the approximate rank pooling (a mean of ' +
        'late snippets minus one of early ones) of this many snippets around each; null: none.',
    ),
  window: z
    .strictObject({
      snippets: count.describe('Snippets of a window; windows overlap by half.'),
      every: count.describe('Distance between snippets, in frames of the video.'),
    })
    .nullable()
    .default(null)
    .describe(
      'See long videos in windows; null: whole, by `full.snippets` snippets. THUMOS14: { snippets: 256, every: 5 }.',
    ),
};

const gtad = z.strictObject({
  type: z
    .literal('gtad')
    .default('gtad')
    .describe(
      'The localisation head, which decides the other keys of this section: gtad, the paper’s head, or pyramid, an ' +
        'anchor-free head that also labels its proposals.',
    ),
  h1: count.default(256).describe('Channels of graph nodes.'),
  h2: count.default(128).describe('Channels of the localisation layers after the first.'),
  h3: count.default(512).describe('Channels of the first localisation layer.'),
  groups: count.default(32).describe('Groups of the graph blocks (cardinality of GCNeXt).'),
  width: count.default(128).describe('Channels inside graph blocks.'),
  k: count.default(3).describe('Semantic neighbours of a node, itself included.'),
  inner: count.default(32).describe('SGAlign bins over the nodes of an anchor.'),
  context: count.default(4).describe('SGAlign bins over the semantic context of an anchor.'),
  kernel: z
    .union([z.literal(1), z.literal(3)])
    .default(1)
    .describe('Kernel size of the two middle localisation layers, over lengths and starts of anchors; THUMOS14: 3.'),
  maxDuration: count
    .nullable()
    .default(null)
    .describe('Length of the longest anchor in snippets; null: all snippets that the head sees. THUMOS14: 64.'),
  ...common,
});

const pyramid = z
  .strictObject({
    type: z.literal('pyramid').describe('An anchor-free feature pyramid (ActionFormer, Zhang et al., ECCV 2022).'),
    blocks: z
      .enum(['attention', 'conv'])
      .default('attention')
      .describe('Layers that combine neighbouring snippets: local self-attention, or convolutions.'),
    width: count.default(256).describe('Channels of all layers; ActivityNet: 256, THUMOS14: 512.'),
    heads: count.default(4).describe('Attention heads; must divide `width`.'),
    levels: count.default(6).describe('Levels of the pyramid, with strides of 1, 2, 4, … snippets.'),
    stem: z.int().min(0).default(2).describe('Blocks before the pyramid.'),
    attention: count
      .nullable()
      .default(19)
      .describe('Attention window in steps of the level, an odd number; null: the whole sequence. ActivityNet: 25.'),
    headLayers: count
      .default(3)
      .describe('Convolutions of the class branch, and of the boundary branch, output layers included.'),
    dropPath: fraction.lt(1).default(0.1).describe('Probability that a residual branch is skipped in training.'),
    dropout: fraction.lt(1).default(0).describe('Dropout after attention and in the MLP behind it.'),
    overlap: z
      .boolean()
      .default(true)
      .describe(
        'A level learns instances of 1 to 4 strides, so that some lengths are learnt on two levels; false: of 2 to ' +
          '4 strides, so that each length is learnt on one level, as published.',
      ),
    centreRadius: z
      .number()
      .positive()
      .default(1.5)
      .describe('Largest distance from the middle of an instance at which it is learnt, in strides of the level.'),
    labelSmoothing: fraction
      .lt(1)
      .default(0)
      .describe('Share of a class target that is spread over all classes; ActivityNet: 0.1.'),
    lossWeight: z.number().positive().default(1).describe('Weight of the boundary loss.'),
    predictionError: z
      .boolean()
      .default(false)
      .describe(
        'Gives the head one more channel: how wrongly the LSTM that `pretext` has trained predicts each snippet from ' +
          'those before it.',
      ),
    normalizer: z
      .number()
      .positive()
      .default(50)
      .describe('Initial value of the running loss normaliser, in positive locations of an item; ActivityNet: 25.'),
    ...common,
  })
  .superRefine(({ width, heads, attention }, context) => {
    const refuse = (key: string, message: string) => {
      context.addIssue({ code: 'custom', path: [key], message });
    };
    if (width % heads !== 0) refuse('heads', `${width} channels do not divide into ${heads} heads`);
    if (attention !== null && attention % 2 === 0)
      refuse('attention', `${attention} is not odd: the window has a middle step`);
  });

/** `model`: the head and its sizes. */
export const modelSchema = z.discriminatedUnion('type', [gtad, pyramid], {
  error: ({ code }) => ((code as string) === 'invalid_union' ? 'expected one of "gtad"|"pyramid"' : undefined),
});

/** The name of a head. */
export type HeadSection = z.output<typeof modelSchema>;
export type HeadType = HeadSection['type'];
/** The geometry of the LSTM. */
export type LstmOptions = z.output<typeof lstm>;
/** The values of `model.lstm` where nothing is stated of it. */
export const usualLstm: LstmOptions = lstm.parse({});
