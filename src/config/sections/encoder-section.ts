import { z } from 'zod';
import { encoderFacts, encoders, encodersThat, encoderTypes } from '../encoder-facts.js';
import { aggregatorHelp, trainableAggregatorSchema } from './aggregator-section.js';
import { count, positive } from './number-kinds.js';

const described = encoderTypes.map((type) => `${type} (${encoders[type].describe})`).join(', ');
const widths = encoderTypes.flatMap((type) => {
  const { width } = encoderFacts(type);
  return width?.unit === 'factor' ? [`${type}: a factor on all channels (null: ${width.default})`] : [];
});

const encoderKeys = z.strictObject({
  type: z.enum(encoderTypes).default('resnet18').describe(`The network: ${described}.`),
  width: positive
    .nullable()
    .default(null)
    .describe(
      `Channels of the first stage (null: ${encoders.resnet18.width.default}); ${widths.join('; ')}. ` +
        `Not for ${encodersThat(({ width }) => width === null)}.`,
    ),
  shift: z
    .int()
    .min(0)
    .nullable()
    .default(null)
    .describe(
      'TSM shifts 1/shift of the channels by one frame forwards and as many backwards (null: 8); 0: no shift. ' +
        `Not for ${encodersThat(({ shift }) => !shift)}.`,
    ),
  frames: count.default(8).describe('Frames of a snippet, F.'),
  stride: count.default(8).describe('Distance between the frames of a snippet, in frames of the video.'),
  aggregator: trainableAggregatorSchema
    .prefault({ type: 'mean' })
    .describe(`How the feature of a snippet is made of those of its frames: ${aggregatorHelp.trainable}.`),
  weights: z
    .string()
    .nullable()
    .default(null)
    .describe(
      `Initial weights: imagenet (${encodersThat(({ imagenet }) => imagenet)} only, fetched by ` +
        '`lofi setup --imagenet`), or a file: safetensors, a file of torch.save, or the model.json of TensorFlow.js ' +
        `layers (${encodersThat(({ keras }) => keras)}); relative to data.root. null: random weights.`,
    ),
});

/** `encoder`: the video encoder. The facts of its type check width and shift, and give their defaults. */
export const encoderSchema = encoderKeys
  .superRefine(({ type, width, shift, frames, aggregator }, context) => {
    const refuse = (key: string, message: string) => {
      context.addIssue({ code: 'custom', path: [key], message });
    };
    const facts = encoderFacts(type);
    if (width !== null && facts.width === null) {
      if (width !== 1) refuse('width', `${type} has only one width: remove this key`);
    } else if (width !== null && facts.width) {
      const { unit, most } = facts.width;
      if (unit === 'factor' && width > most) refuse('width', `${type} takes a factor of at most ${most}, not ${width}`);
      if (unit === 'channels' && !Number.isInteger(width))
        refuse('width', `${type} takes a whole number of channels, not ${width}`);
      else if (unit === 'channels' && width > most)
        refuse('width', `${type} takes at most ${most} channels, not ${width}`);
    }
    if (frames < 2 && aggregator.type !== 'mean')
      refuse('aggregator', `${aggregator.type} needs snippets of two frames or more: set encoder.frames`);
    if (shift === 1) refuse('shift', 'must be 0, or 2 or more: 1/shift of the channels moves in each direction');
    if (shift && !facts.shift) refuse('shift', `${type} has convolutions over time and takes no shift`);
  })
  .transform((keys) => {
    const facts = encoderFacts(keys.type);
    return { ...keys, width: keys.width ?? facts.width?.default ?? 1, shift: keys.shift ?? (facts.shift ? 8 : 0) };
  });
