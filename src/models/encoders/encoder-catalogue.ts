import type { EncoderSectionName, EncoderType } from '../../config/encoder-facts.js';
import { imagesOfSnippet, streamNames, type StreamName } from '../../config/encoder-inputs.js';
import type { Config } from '../../config/schema.js';
import { buildAggregator } from '../aggregators/aggregator-catalogue.js';
import { aggregated } from './aggregated.js';
import { alexnet } from './alexnet.js';
import { efficientnetLite0 } from './efficientnet-lite.js';
import type { Encoder } from './encoder.js';
import { fusion } from './fusion.js';
import { differenceImages, dynamicImages, middleFrames, type WindowImages } from './inputs/frame-windows.js';
import { ofImages } from './inputs/of-images.js';
import { joinedStreams } from './inputs/streams.js';
import { mobilenetV2 } from './mobilenet-v2.js';
import { r2plus1d18 } from './r2plus1d.js';
import { resnet18, resnet34, resnet50 } from './resnet.js';

/** What a network is built of. */
interface BuilderOptions extends Required<OwnKeys> {
  /** `encoder.width`, in the unit of its facts. */
  width: number;
  /** TSM's shift of 1/shift; 0: none. */
  shift: number;
  /** Images of a snippet that the network sees. */
  frames: number;
}

type EncoderBuilder = (options: BuilderOptions) => Encoder;

/** The builder of each encoder; its facts stand in `config/encoder-facts.ts`. */
const builders: Readonly<Record<EncoderType, EncoderBuilder>> = {
  resnet18,
  resnet34,
  resnet50,
  'r2plus1d-18': r2plus1d18,
  'mobilenet-v2': mobilenetV2,
  'efficientnet-lite0': efficientnetLite0,
  alexnet: ({ width, alexnet: keys }) => alexnet({ width, keys: own('alexnet', keys) }),
  fusion: ({ width, frames, fusion: keys }) => fusion({ width, frames, keys: own('fusion', keys) }),
};

/** The sections of `encoder` that belong to one type. */
type OwnKeys = Partial<Pick<Config['encoder'], EncoderSectionName>>;

/** The keys of `encoder` that its networks are built of. Only some types look at `frames` and at their own sections. */
type NetworkKeys = Pick<Config['encoder'], 'type' | 'width' | 'shift' | 'input' | 'window'> &
  Partial<Pick<Config['encoder'], 'frames'>> &
  OwnKeys;

function own<Keys>(name: EncoderSectionName, keys: Keys | null): Keys {
  if (keys === null) throw new RangeError(`the encoder ${name} needs its keys`);
  return keys;
}

/** The images that the network of each stream of `rgb+dynamic` sees. */
const imagesOfStream = { rgb: middleFrames, dynamic: dynamicImages } as const satisfies Record<
  StreamName,
  WindowImages
>;

/** The encoder that a configuration names. It holds no tensors: its parameters are described, not made. */
export function buildEncoder({ aggregator, ...keys }: NetworkKeys & Pick<Config['encoder'], 'aggregator'>): Encoder {
  const network = networkOf(keys);
  // The network itself takes the mean.
  return aggregator.type === 'mean' ? network : aggregated(network, buildAggregator(aggregator, network.channels));
}

function networkOf(keys: NetworkKeys): Encoder {
  const { type, width, shift, input, window, frames: given = 1, alexnet = null, fusion = null } = keys;
  const frames = imagesOfSnippet({ input, window, frames: given });
  const network = () => builders[type]({ width, shift, frames, alexnet, fusion });
  switch (input) {
    case 'rgb':
      return network();
    case 'dynamic':
      return ofImages(network(), dynamicImages, window);
    case 'difference':
      return ofImages(network(), differenceImages, window);
    case 'rgb+dynamic':
      return joinedStreams(
        streamNames.map((name) => ({ name, encoder: network(), images: imagesOfStream[name] })),
        window,
      );
  }
}
