import type { ParameterSpec } from '../../models/parameters.js';
import { UsageError } from '../../system/errors.js';
import type { ParameterRule } from './optimizers.js';

/** Rules by parameter name. */
export type ParameterRules = ReadonlyMap<string, ParameterRule>;

/**
 * The same rule for every trainable parameter, as in LoFi's and G-TAD's recipes. Codebooks are places among features:
 * to pull them towards 0 would mean nothing, so that they do not decay.
 */
export function uniformRules(specs: readonly ParameterSpec[], weightDecay: number): ParameterRules {
  const decay = (kind: ParameterSpec['kind']) => (kind === 'codebook' ? 0 : weightDecay);
  return new Map(trainable(specs).map(({ name, kind }) => [name, { lr: 1, weightDecay: decay(kind) }]));
}

/** Like {@link uniformRules}, but biases, norms, scales and codebooks do not decay, as is usual for transformers. */
export function weightRules(specs: readonly ParameterSpec[], weightDecay: number): ParameterRules {
  const decay = (kind: ParameterSpec['kind']) => (kind === 'vector' || kind === 'codebook' ? 0 : weightDecay);
  return new Map(trainable(specs).map(({ name, kind }) => [name, { lr: 1, weightDecay: decay(kind) }]));
}

/** The rules of a stage: {@link weightRules} if its optimizer is `adamw`, else {@link uniformRules}. */
export function rulesOf(
  { optimizer, weightDecay }: { optimizer: 'sgd' | 'adam' | 'adamw' | 'alexnet'; weightDecay: number },
  specs: readonly ParameterSpec[],
): ParameterRules {
  return optimizer === 'adamw' ? weightRules(specs, weightDecay) : uniformRules(specs, weightDecay);
}

/**
 * TSM's parameter groups (docs/method.md §4.3). Weights of convolutions, the first one included, and scale and offset
 * of batch normalisation learn at the base rate, biases at twice the base rate. The weight of a linear layer learns at
 * `classifierLr` times the base rate, its bias at twice that. Codebooks learn at the base rate. Only weights decay.
 */
export function tsmRules(
  specs: readonly ParameterSpec[],
  { weightDecay, classifierLr }: { weightDecay: number; classifierLr: number },
): ParameterRules {
  const kinds = new Map(specs.map(({ name, kind }) => [name, kind]));
  return new Map(
    trainable(specs).map(({ name, kind }) => {
      const layer = name.replace(/\.(weight|bias)$/, '');
      if (kinds.has(`${layer}.running_mean`)) return [name, { lr: 1, weightDecay: 0 }];
      if (kind === 'codebook') return [name, { lr: 1, weightDecay: 0 }];
      const lr = kinds.get(`${layer}.weight`) === 'linear' ? classifierLr : 1;
      return [name, kind === 'vector' ? { lr: 2 * lr, weightDecay: 0 } : { lr, weightDecay }];
    }),
  );
}

/**
 * Multiplies the rates of rules by `lrFactors`. These map the beginning of a parameter's name, `part` or `part.layer`,
 * to a factor; if several beginnings match, the longest applies.
 *
 * @param rules - By part.
 * @param key - The configuration key of `lrFactors`, for the message.
 * @throws UsageError for a beginning that no parameter has.
 */
export function withFactors(
  rules: ReadonlyMap<string, ParameterRules>,
  lrFactors: Readonly<Record<string, number>>,
  key: string,
): Map<string, ParameterRules> {
  const beginnings = Object.keys(lrFactors).sort((a, b) => b.length - a.length);
  const fits = (part: string, name: string) => (beginning: string) => `${part}.${name}.`.startsWith(`${beginning}.`);
  const names = [...rules].flatMap(([part, byName]) => [...byName.keys()].map((name) => [part, name] as const));
  const unused = beginnings.find((beginning) => !names.some(([part, name]) => fits(part, name)(beginning)));
  if (unused !== undefined) {
    const [part, name] = names[0]!;
    throw new UsageError(
      `${key}: no trained parameter begins with ${unused}; parts: ${[...rules.keys()].join(', ')}; ` +
        `a name: ${part}.${name}`,
    );
  }
  const factor = (part: string, name: string) => lrFactors[beginnings.find(fits(part, name)) ?? ''] ?? 1;
  return new Map(
    [...rules].map(([part, byName]) => [
      part,
      new Map([...byName].map(([name, rule]) => [name, { ...rule, lr: rule.lr * factor(part, name) }])),
    ]),
  );
}

function trainable(specs: readonly ParameterSpec[]): ParameterSpec[] {
  return specs.filter((spec) => spec.trainable);
}
