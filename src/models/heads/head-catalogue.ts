import { seesPredictionError } from '../../config/pretext/pretext-facts.js';
import type { Config } from '../../config/schema.js';
import { UsageError } from '../../system/errors.js';
import { GtadHead } from './gtad/gtad.js';
import type { Head, HeadInput } from './head.js';
import { withFurtherChannels, type FurtherChannels } from './further-channels.js';
import { orderChannels } from './order-channels.js';
import { predictionChannel } from './prediction-channel.js';
import { PyramidHead } from './pyramid/pyramid.js';
import { sequenceChannels } from './sequence-channels.js';

type Model<Type extends Config['model']['type']> = Extract<Config['model'], { type: Type }>;

/** The builder of each head, `model.type`: for features of C channels and K classes. */
const builders: {
  readonly [Type in Config['model']['type']]: (model: Model<Type>, features: number, classes: number) => Head;
} = {
  gtad(model, features) {
    for (const [key, channels] of Object.entries({ h1: model.h1, width: model.width })) {
      const groups = key === 'h1' ? 4 : model.groups;
      if (channels % groups !== 0)
        throw new UsageError(`model.${key}: ${channels} channels do not divide into ${groups} groups`);
    }
    if (features % 4 !== 0)
      throw new UsageError(`features of ${features} channels do not divide into the 4 groups of the gtad head`);
    return new GtadHead({ ...model, features });
  },
  pyramid: (model, features, classes) =>
    new PyramidHead({ ...model, window: model.attention ?? -1, features, classes }),
};

/**
 * The head that a configuration names. It holds no parameters, but keeps constants of each length that it has seen
 * until it is disposed of.
 *
 * @param features - Channels of a feature, C. The head's own layers see those of `model.arp`, `sequence` and
 *   `predictionError` too.
 * @param classes - Number of classes, K.
 * @throws UsageError where the sizes of the configuration do not fit each other.
 */
export function buildHead(model: Config['model'], features: number, classes: number): Head {
  const build = builders[model.type] as (model: Config['model'], features: number, classes: number) => Head;
  const further = furtherChannels(model, features);
  if (further.length === 0) return build(model, features, classes);
  const all = further.reduce((sum, { count }) => sum + count, features);
  return withFurtherChannels(build(model, all, classes), further);
}

/** What stands behind the features in front of a head. */
function furtherChannels(model: Config['model'], features: number): FurtherChannels[] {
  const { arp, sequence, lstm } = model;
  const order = arp !== null && {
    count: features,
    parameters: [],
    of: (input: HeadInput) => orderChannels(input.features, input.valid, arp),
  };
  return [
    ...(order ? [order] : []),
    ...(sequence === 'lstm' ? [sequenceChannels(features, lstm)] : []),
    ...(seesPredictionError(model) ? [predictionChannel(features, lstm)] : []),
  ];
}
