import type { FusionKeys } from './sections/classic-keys.js';

/**
 * The facts of an encoder for configuration, error messages and help. Its builder is in
 * `models/encoders/encoder-catalogue.ts`.
 */
export interface EncoderFacts {
  /** One phrase for the help of `encoder.type`. */
  readonly describe: string;
  /**
   * The meaning of `encoder.width`: the number of `channels` of the first stage, or a `factor` on the channels of all
   * layers; null where the network has only one width. `most` is the largest allowed value.
   */
  readonly width: { readonly unit: 'channels' | 'factor'; readonly default: number; readonly most: number } | null;
  /** Whether its blocks can contain TSM's shift; networks with convolutions over time have none. */
  readonly shift: boolean;
  /** The section of `encoder` with keys of its own, `encoder.<name>`; null: it has none. */
  readonly section: EncoderSectionName | null;
  /**
   * How many features it makes of `frames` images of a snippet, which aggregators see. Not a whole number where halves
   * are rounded up.
   */
  readonly featuresOf: (frames: number, keys: { readonly fusion: Pick<FusionKeys, 'kind'> | null }) => number;
  /** The name of the classifier's layer in published weight files. */
  readonly classifier: 'fc' | 'classifier.1' | 'classifier.6' | '_fc';
  /** Whether TSM's authors publish weights of it, so that its tensors have names in TSM's naming too. */
  readonly tsmNaming: boolean;
  /** Whether `encoder.weights: imagenet` provides weights for it (`stages/weights/imagenet.ts`). */
  readonly imagenet: boolean;
  /** Whether a model.json of TensorFlow.js layers can hold its weights. */
  readonly keras: boolean;
}

/** The sections of `encoder` that belong to one type, by their names. */
export const encoderSections = ['alexnet', 'fusion'] as const;
export type EncoderSectionName = (typeof encoderSections)[number];

const resnet = {
  width: { unit: 'channels', default: 64, most: 4096 },
  shift: true,
  section: null,
  featuresOf: (frames: number) => frames,
  classifier: 'fc',
  tsmNaming: true,
  imagenet: false,
  keras: false,
} as const;

const classic = {
  ...resnet,
  width: { unit: 'factor', default: 1, most: 2 },
  shift: false,
  classifier: 'classifier.6',
  tsmNaming: false,
} as const;

/** Every encoder by its name (`encoder.type`). A new encoder needs an entry here and a builder in the catalogue. */
export const encoders = {
  resnet18: { ...resnet, describe: 'TSM-ResNet-18' },
  resnet34: { ...resnet, describe: 'TSM-ResNet-34' },
  resnet50: { ...resnet, describe: 'TSM-ResNet-50' },
  'r2plus1d-18': {
    ...resnet,
    describe: 'R(2+1)D-18, which sees whole snippets and was made for frames of 112 pixels',
    shift: false,
    // It halves them three times.
    featuresOf: (frames: number) => frames / 8,
    tsmNaming: false,
  },
  'mobilenet-v2': {
    ...resnet,
    describe: 'TSM-MobileNetV2',
    width: { unit: 'factor', default: 1, most: 2 },
    classifier: 'classifier.1',
    keras: true,
  },
  'efficientnet-lite0': {
    ...resnet,
    describe: 'TSM-EfficientNet-Lite0',
    width: null,
    classifier: '_fc',
    tsmNaming: false,
    imagenet: true,
  },
  alexnet: {
    ...classic,
    describe: 'AlexNet, whose keys are in `alexnet`',
    section: 'alexnet',
  },
  fusion: {
    ...classic,
    describe:
      'the fusion networks of Karpathy et al. (CVPR 2014), which see whole snippets and whose keys are in `fusion`',
    section: 'fusion',
    featuresOf: (frames: number, keys) => (keys.fusion?.kind === 'single' ? frames : 1),
  },
} as const satisfies Record<string, EncoderFacts>;

/** The name of an encoder. */
export type EncoderType = keyof typeof encoders;

/** The names of all encoders, in the order of the table. */
export const encoderTypes = Object.keys(encoders) as [EncoderType, ...EncoderType[]];

/** The facts of an encoder. */
export function encoderFacts(type: EncoderType): EncoderFacts {
  return encoders[type];
}

/** The names of the encoders that fulfil a condition, joined by commas, for messages. */
export function encodersThat(holds: (facts: EncoderFacts) => boolean): string {
  return encoderTypes.filter((type) => holds(encoders[type])).join(', ');
}
