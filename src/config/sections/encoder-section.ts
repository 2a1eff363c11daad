import { z } from 'zod';
import { encoderFacts, encoders, encoderSections, encodersThat, encoderTypes } from '../encoder-facts.js';
import { encoderInputs, imagesOfSnippet } from '../encoder-inputs.js';
import { aggregatorHelp, trainableAggregatorSchema } from './aggregator-section.js';
import { alexnetSchema, completeAlexnet, fusionSchema } from './classic-keys.js';
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
      'TSM shifts 1/shift of the channels by one frame forwards and as many backwards (null: 8, or 0 where `input` ' +
        'and `window` make one image of a snippet); 0: no shift. ' +
        `Not for ${encodersThat(({ shift }) => !shift)}.`,
    ),
  alexnet: alexnetSchema
    .nullable()
    .default(null)
    .describe('Keys of the type alexnet alone (null there: the defaults of all of them).'),
  fusion: fusionSchema
    .nullable()
    .default(null)
    .describe('Keys of the type fusion alone (null there: the defaults of all of them).'),
  frames: count.default(8).describe('Frames of a snippet, F.'),
  stride: count.default(8).describe('Distance between the frames of a snippet, in frames of the video.'),
  aggregator: trainableAggregatorSchema
    .prefault({ type: 'mean' })
    .describe(`How the feature of a snippet is made of those of its frames: ${aggregatorHelp.trainable}.`),
  input: z
    .enum(encoderInputs)
    .default('rgb')
    .describe(
      'What the network sees of the frames of a snippet. rgb: all of them. dynamic: one dynamic image for each window ' +
        'of frames, which shows the motion in it by approximate rank pooling (Bilen et al., CVPR 2016). rgb+dynamic: ' +
        'the middle frame of each window through one network and its dynamic image through a second one of the same ' +
        'type, so that features have twice the channels; `weights` of one network start both. difference: half the ' +
        'difference of the last and the first frame of each window, on grey.',
    ),
  window: count
    .nullable()
    .default(null)
    .describe(
      'Frames of a window, for every `input` but rgb: at least 2, and a divisor of `frames`; null: all frames of the ' +
        'snippet.',
    ),
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

const alexnetDefaults = alexnetSchema.parse({});
const fusionDefaults = fusionSchema.parse({});

/** `encoder`: the video encoder. The facts of its type check width and shift, and give their defaults. */
export const encoderSchema = encoderKeys
  .superRefine(({ type, width, shift, aggregator, ...keys }, context) => {
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
    for (const section of encoderSections)
      if (keys[section] !== null && section !== facts.section)
        refuse(section, `these are keys of the encoder ${section}, not of ${type}: remove them, or set encoder.type`);
    const own = { fusion: type === 'fusion' ? (keys.fusion ?? fusionDefaults) : null };
    const fused = own.fusion && own.fusion.kind !== 'single' ? own.fusion.kind : null;
    const shown = imagesOfSnippet(keys);
    // Halves are rounded up.
    if (aggregator.type !== 'mean' && facts.featuresOf(shown, own) <= 1) {
      const lost = shown > 1 ? `, and ${type}${fused ? ` of kind ${fused}` : ''} leaves one of ${shown}` : '';
      const remedy = fused && shown > 1 ? 'encoder.fusion.kind=single, or mean' : 'encoder.frames or window';
      refuse('aggregator', `${aggregator.type} needs two images of a snippet or more${lost}: set ${remedy}`);
    }
    if (fused === 'late' && shown === 1)
      refuse('fusion', 'late fusion sees the first and the last of two images of a snippet or more, and there is one');
    if (shift === 1) refuse('shift', 'must be 0, or 2 or more: 1/shift of the channels moves in each direction');
    if (shift && !facts.shift) refuse('shift', `${type} takes no shift: only ${encodersThat((of) => of.shift)} do`);
    const { input, frames, window } = keys;
    if (input === 'rgb') {
      if (window !== null) refuse('window', 'the input rgb has no windows: set null, or another encoder.input');
      return;
    }
    if ((window ?? frames) === 1) {
      const key = window === null ? 'frames' : 'window';
      refuse(key, `a window of one frame shows no motion, which encoder.input=${input} asks for: set 2 or more`);
    } else if (!Number.isInteger(shown)) {
      refuse('window', `${frames} frames (encoder.frames) are not a whole number of windows of ${window ?? frames}`);
    } else if (shift && shown === 1) {
      refuse(
        'shift',
        `encoder.input=${input} makes one image of a snippet, which has no neighbour to shift from: set 0`,
      );
    }
  })
  .transform((keys) => {
    const facts = encoderFacts(keys.type);
    const single = keys.input !== 'rgb' && imagesOfSnippet(keys) === 1;
    const shift = facts.shift && !single ? 8 : 0;
    return {
      ...keys,
      width: keys.width ?? facts.width?.default ?? 1,
      shift: keys.shift ?? shift,
      alexnet: facts.section === 'alexnet' ? completeAlexnet(keys.alexnet ?? alexnetDefaults) : null,
      fusion: facts.section === 'fusion' ? (keys.fusion ?? fusionDefaults) : null,
    };
  });
