import type { EncoderType } from '../../config/encoder-facts.js';
import { streamNames, type StreamName } from '../../config/encoder-inputs.js';
import type { Config } from '../../config/schema.js';
import { buildAggregator } from '../aggregators/aggregator-catalogue.js';
import { aggregated } from './aggregated.js';
import { efficientnetLite0 } from './efficientnet-lite.js';
import type { Encoder } from './encoder.js';
import { differenceImages, dynamicImages, middleFrames, type WindowImages } from './inputs/frame-windows.js';
import { ofImages } from './inputs/of-images.js';
import { joinedStreams } from './inputs/streams.js';
import { mobilenetV2 } from './mobilenet-v2.js';
import { r2plus1d18 } from './r2plus1d.js';
import { resnet18, resnet34, resnet50 } from './resnet.js';

/** Builds an encoder of a width (`encoder.width`, in the unit of its facts) with TSM's shift of 1/shift; 0: none. */
type EncoderBuilder = (options: { width: number; shift: number }) => Encoder;

/** The builder of each encoder; its facts stand in `config/encoder-facts.ts`. */
const builders: Readonly<Record<EncoderType, EncoderBuilder>> = {
  resnet18,
  resnet34,
  resnet50,
  'r2plus1d-18': r2plus1d18,
  'mobilenet-v2': mobilenetV2,
  'efficientnet-lite0': efficientnetLite0,
};

/** The keys of `encoder` that its networks are built of. */
type NetworkKeys = Pick<Config['encoder'], 'type' | 'width' | 'shift' | 'input' | 'window'>;

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

function networkOf({ type, width, shift, input, window }: NetworkKeys): Encoder {
  const network = () => builders[type]({ width, shift });
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
