import { UsageError } from '../system/errors.js';
import type { ParameterSpec } from './parameters.js';
import { toTorchLayout, type Values } from './layout.js';
import type { State } from './state.js';

const batchNormParts: Record<string, string> = {
  gamma: 'weight',
  beta: 'bias',
  moving_mean: 'running_mean',
  moving_variance: 'running_var',
};

/** Weights of Keras' MobileNetV2, by its layers' names and in its layouts, as a state of ours for `specs`. */
export function fromKerasMobilenet(weights: ReadonlyMap<string, Values>, specs: readonly ParameterSpec[]): State {
  const kinds = new Map(specs.map(({ name, kind }) => [name, kind]));
  const state: State = new Map();
  for (const [kerasName, values] of weights) {
    const name = translate(kerasName);
    const kind = name === undefined ? undefined : kinds.get(name);
    if (name === undefined || kind === undefined) throw new UsageError(`no place in the encoder for ${kerasName}`);
    state.set(name, toTorchLayout(kind, values));
  }
  return state;
}

/** `block_3_expand_BN/gamma` → `features.4.conv.0.1.weight`. */
function translate(kerasName: string): string | undefined {
  const [layer, part] = kerasName.split('/') as [string, string?];
  const leaf = batchNormParts[part ?? ''] ?? 'weight';
  const ends: Record<string, string> = {
    Conv1: 'features.0.0',
    bn_Conv1: 'features.0.1',
    Conv_1: 'features.18.0',
    Conv_1_bn: 'features.18.1',
  };
  if (layer in ends) return `${ends[layer]!}.${leaf}`;
  const match = /^(expanded_conv|block_(\d+))_(expand|depthwise|project)(_BN)?$/.exec(layer);
  if (!match) return undefined;
  const [, , number, step, normalization] = match;
  const block = number === undefined ? 1 : Number(number) + 1;
  const first = number === undefined ? ['depthwise', 'project'] : ['expand', 'depthwise', 'project'];
  const at = first.indexOf(step!);
  if (at < 0) return undefined;
  // Expansion and depthwise are [conv, bn, relu] groups; the projection's conv and bn lie flat after them.
  const place = step === 'project' ? `${at + (normalization ? 1 : 0)}` : `${at}.${normalization ? 1 : 0}`;
  return `features.${block}.conv.${place}.${leaf}`;
}
