import type { ParameterSpec } from '../../models/parameters.js';
import { UsageError } from '../../system/errors.js';
import type { ParameterRule } from './optimizers.js';

/** Rules by parameter name. */
export type ParameterRules = ReadonlyMap<string, ParameterRule>;

/** One rule for all that is trainable: LoFi's and G-TAD's recipes. */
export function uniformRules(specs: readonly ParameterSpec[], weightDecay: number): ParameterRules {
  return new Map(trainable(specs).map(({ name }) => [name, { lr: 1, weightDecay }]));
}

/** As {@link uniformRules}, but biases, norms and scales do not decay: what transformers are trained with. */
export function weightRules(specs: readonly ParameterSpec[], weightDecay: number): ParameterRules {
  const decay = (kind: ParameterSpec['kind']) => (kind === 'vector' ? 0 : weightDecay);
  return new Map(trainable(specs).map(({ name, kind }) => [name, { lr: 1, weightDecay: decay(kind) }]));
}

/** The rules of a stage whose optimizer is `adamw`: {@link weightRules}; of others: {@link uniformRules}. */
export function rulesOf(
  { optimizer, weightDecay }: { optimizer: 'sgd' | 'adam' | 'adamw'; weightDecay: number },
  specs: readonly ParameterSpec[],
): ParameterRules {
  return optimizer === 'adamw' ? weightRules(specs, weightDecay) : uniformRules(specs, weightDecay);
}

/**
 * TSM's groups (lofi_spec §4.3): weights of convolutions, the first one's too; biases at twice the rate; scale and
 * offset of batch normalisation; the last layer's weight at `classifierLr` times the rate, its bias at twice that.
 * Only weights decay.
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
      const lr = kinds.get(`${layer}.weight`) === 'linear' ? classifierLr : 1;
      return [name, kind === 'vector' ? { lr: 2 * lr, weightDecay: 0 } : { lr, weightDecay }];
    }),
  );
}

/**
 * Multiplies rates by `lrFactors`: from the beginning of a name, `part` or `part.layer`, to a factor; of several that fit, the
 * longest counts. Throws {@link UsageError} for a beginning that no parameter has.
 *
 * @param rules - By part.
 * @param key - The configuration key of `lrFactors`, for the message.
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
      `${key}: no trained parameter begins with ${unused}; parts: ${[...rules.keys()].join(', ')}; a name: ${part}.${name}`,
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
