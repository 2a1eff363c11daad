import type { Config } from '../../config/schema.js';
import { UsageError } from '../../system/errors.js';
import { GtadHead } from './gtad/gtad.js';
import type { Head } from './head.js';
import { withOrderChannels } from './order-channels.js';
import { PyramidHead } from './pyramid/pyramid.js';

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
 * @param features - Channels of a feature, C. With `model.arp` the head's own layers see 2C.
 * @param classes - Number of classes, K.
 * @throws UsageError where the sizes of the configuration do not fit each other.
 */
export function buildHead(model: Config['model'], features: number, classes: number): Head {
  const build = builders[model.type] as (model: Config['model'], features: number, classes: number) => Head;
  if (model.arp === null) return build(model, features, classes);
  return withOrderChannels(build(model, 2 * features, classes), model.arp);
}
