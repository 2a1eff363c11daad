import { UsageError } from '../system/errors.js';
import type { Config } from '../config/schema.js';
import { efficientnetLite0 } from './encoders/efficientnet-lite.js';
import type { Encoder } from './encoders/encoder.js';
import { mobilenetV2 } from './encoders/mobilenet-v2.js';
import { r2plus1d18 } from './encoders/r2plus1d.js';
import { resnet18, resnet34, resnet50 } from './encoders/resnet.js';
import { GtadHead } from './heads/gtad/gtad.js';
import type { Head } from './heads/head.js';
import { PyramidHead } from './heads/pyramid/pyramid.js';

/** Builds the encoder that a configuration names. */
export function buildEncoder({ type, width, shift }: Config['encoder']): Encoder {
  const options = { width, shift };
  switch (type) {
    case 'resnet18':
      return resnet18(options);
    case 'resnet34':
      return resnet34(options);
    case 'resnet50':
      return resnet50(options);
    case 'r2plus1d-18':
      return r2plus1d18(options);
    case 'mobilenet-v2':
      return mobilenetV2(options);
    case 'efficientnet-lite0':
      return efficientnetLite0(options);
  }
}

/**
 * Builds the head that a configuration names.
 *
 * @param features - Channels of the features, C.
 * @param classes - Number of classes, K.
 * @throws UsageError when channels of G-TAD's layers cannot be divided into their groups.
 */
export function buildHead(model: Config['model'], features: number, classes: number): Head {
  if (model.type === 'pyramid') {
    return new PyramidHead({ ...model, window: model.attention ?? -1, features, classes });
  }
  for (const [key, channels] of Object.entries({ h1: model.h1, width: model.width })) {
    const groups = key === 'h1' ? 4 : model.groups;
    if (channels % groups !== 0)
      throw new UsageError(`model.${key}: ${channels} channels do not divide into ${groups} groups`);
  }
  return new GtadHead({ ...model, features });
}
