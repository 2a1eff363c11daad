/** What the configuration, refusals and help say of an encoder. Its builder stands in `models/encoders/catalogue.ts`. */
export interface EncoderFacts {
  /** One phrase for the help of `encoder.type`. */
  readonly describe: string;
  /**
   * What `encoder.width` counts: `channels` of the first stage (a whole number), a `factor` on all channels, or null
   * where the network comes in one width. `most` is the largest value that is taken.
   */
  readonly width: { readonly unit: 'channels' | 'factor'; readonly default: number; readonly most: number } | null;
  /** Whether TSM's shift can be put into its blocks; a network with convolutions over time takes none. */
  readonly shift: boolean;
  /** The name of the classifier's layer in published weight files. */
  readonly classifier: 'fc' | 'classifier.1' | '_fc';
  /** Whether the authors of TSM publish weights of it, so that it has a naming of theirs. */
  readonly tsmNaming: boolean;
  /** Whether `encoder.weights: imagenet` fetches weights of it (`stages/weights/imagenet.ts`). */
  readonly imagenet: boolean;
  /** Whether a model.json of TensorFlow.js layers can hold its weights. */
  readonly keras: boolean;
}

const resnet = {
  width: { unit: 'channels', default: 64, most: 4096 },
  shift: true,
  classifier: 'fc',
  tsmNaming: true,
  imagenet: false,
  keras: false,
} as const;

/** Every encoder by its name, `encoder.type`. An encoder is added by a row here and a builder in the catalogue. */
export const encoders = {
  resnet18: { ...resnet, describe: 'TSM-ResNet-18' },
  resnet34: { ...resnet, describe: 'TSM-ResNet-34' },
  resnet50: { ...resnet, describe: 'TSM-ResNet-50' },
  'r2plus1d-18': {
    ...resnet,
    describe: 'R(2+1)D-18, which sees whole snippets and was made for frames of 112 pixels',
    shift: false,
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
} as const satisfies Record<string, EncoderFacts>;

export type EncoderType = keyof typeof encoders;

/** The names of all encoders, in the order of the table. */
export const encoderTypes = Object.keys(encoders) as [EncoderType, ...EncoderType[]];

/** The facts of an encoder. */
export function encoderFacts(type: EncoderType): EncoderFacts {
  return encoders[type];
}

/** The names of the encoders of which something holds, for messages: `efficientnet-lite0`. */
export function encodersThat(holds: (facts: EncoderFacts) => boolean): string {
  return encoderTypes.filter((type) => holds(encoders[type])).join(', ');
}
