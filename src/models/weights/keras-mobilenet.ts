import { UsageError } from '../../system/errors.js';
import { printable } from '../../system/printable.js';
import type { ParameterSpec } from '../parameters.js';
import { toTorchLayout, type Values } from './torch-layout.js';
import { listed, type State } from '../state.js';

const leaves = new Map([
  ['kernel', 'weight'],
  ['depthwise_kernel', 'weight'],
  ['gamma', 'weight'],
  ['beta', 'bias'],
  ['moving_mean', 'running_mean'],
  ['moving_variance', 'running_var'],
]);

const ends = new Map([
  ['Conv1', 'features.0.0'],
  ['bn_Conv1', 'features.0.1'],
  ['Conv_1', 'features.18.0'],
  ['Conv_1_bn', 'features.18.1'],
]);

/**
 * Translates the weights of Keras' MobileNetV2, with its layers' names and in its memory layouts, into a state for
 * `specs` (of any width).
 *
 * @param source - Where the weights come from, for the error message.
 * @throws UsageError naming weights that have no place in the encoder.
 */
export function fromKerasMobilenet(
  weights: ReadonlyMap<string, Values>,
  specs: readonly ParameterSpec[],
  source = 'the tfjs model',
): State {
  const byName = new Map(specs.map((spec) => [spec.name, spec]));
  const state: State = new Map();
  const strangers: string[] = [];
  for (const [kerasName, values] of weights) {
    const name = translate(kerasName);
    const spec = byName.get(name ?? '');
    if (name === undefined || spec?.shape.length !== values.shape.length) strangers.push(printable(kerasName));
    else state.set(name, toTorchLayout(spec.kind, values));
  }
  if (strangers.length > 0)
    throw new UsageError(
      `${source} is not a MobileNetV2 without classifier; these weights have no place in it: ${listed(strangers)}`,
    );
  return state;
}

/** torchvision's name of a Keras weight: `block_3_expand_BN/gamma` → `features.4.conv.0.1.weight`. */
function translate(kerasName: string): string | undefined {
  const [layer, part] = kerasName.split('/') as [string, string?];
  const place = ends.get(layer) ?? placeInBlock(layer);
  const leaf = leaves.get(part ?? '');
  return place === undefined || leaf === undefined ? undefined : `${place}.${leaf}`;
}

/** torchvision's name of a layer in a block: `block_3_expand_BN` → `features.4.conv.0.1`. */
function placeInBlock(layer: string): string | undefined {
  const match = /^(expanded_conv|block_(\d+))_(expand|depthwise|project)(_BN)?$/.exec(layer);
  if (!match) return undefined;
  const [, , number, step, normalization] = match;
  const block = number === undefined ? 1 : Number(number) + 1;
  const first = number === undefined ? ['depthwise', 'project'] : ['expand', 'depthwise', 'project'];
  const at = first.indexOf(step!);
  if (at < 0) return undefined;
  // torchvision nests expansion and depthwise as [conv, bn, relu] groups; the projection's conv and bn follow flat.
  const place = step === 'project' ? `${at + (normalization ? 1 : 0)}` : `${at}.${normalization ? 1 : 0}`;
  return `features.${block}.conv.${place}`;
}
