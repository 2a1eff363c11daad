import { streamNames } from '../config/encoder-inputs.js';
import type { Config } from '../config/schema.js';
import type { Parameters, ParameterSpec } from './parameters.js';

/** Which layers of the encoder stage 1 trains, besides the classifier (`pretrain.transfer`). */
export type Transfer = Config['pretrain']['transfer'];

/** The blocks that `top3` trains. With the classifier they are three. */
const topBlocks = 2;

/**
 * The blocks of an encoder from its input to its features, each as the names of its parameters.
 *
 * A block has one name: the beginning of its parameters' names to their first part that is a number (`layer4.1` of
 * `layer4.1.conv2.weight`, `features.18` of `features.18.0.weight`), or without one all but the last part (`fc7` of
 * `fc7.weight`). So it is a residual block, an inverted residual block, or a single layer. Names without weights of a
 * convolution or a linear layer, such as those of a normalisation or a codebook, belong to the block before them.
 */
export function parameterBlocks(specs: readonly ParameterSpec[]): string[][] {
  const byName = new Map<string, ParameterSpec[]>();
  for (const spec of specs) {
    const name = blockName(spec.name);
    byName.set(name, [...(byName.get(name) ?? []), spec]);
  }
  const blocks: string[][] = [];
  for (const own of byName.values()) {
    const names = own.map(({ name }) => name);
    const hasWeights = own.some(({ kind }) => kind !== 'vector' && kind !== 'codebook');
    if (hasWeights || blocks.length === 0) blocks.push(names);
    else blocks.at(-1)!.push(...names);
  }
  return blocks;
}

function blockName(parameter: string): string {
  const parts = parameter.split('.');
  const number = parts.findIndex((part) => /^\d+$/.test(part));
  return parts.slice(0, number < 0 ? -1 : number + 1).join('.');
}

/**
 * The parameters of an encoder as a policy trains them. `all` freezes nothing, `top` everything, `top3` everything but
 * the last two blocks ({@link parameterBlocks}), of each network where the encoder is two.
 */
export function transferred(specs: readonly ParameterSpec[], transfer: Transfer): ParameterSpec[] {
  if (transfer === 'all') return [...specs];
  const streamOf = (name: string) => streamNames.find((stream) => name.startsWith(`${stream}.`));
  const networks = [undefined, ...streamNames].map((stream) => specs.filter(({ name }) => streamOf(name) === stream));
  const top = transfer === 'top' ? [] : networks.flatMap((own) => parameterBlocks(own).slice(-topBlocks)).flat();
  return specs.map((spec) => ({ ...spec, trainable: spec.trainable && top.includes(spec.name) }));
}

/** Freezes what a policy does not train of an encoder, see {@link transferred}. */
export function freezeBelow(parameters: Parameters, transfer: Transfer): void {
  const kept = new Set(transferred(parameters.specs, transfer).flatMap((one) => (one.trainable ? [one.name] : [])));
  for (const name of parameters.trainable()) if (!kept.has(name)) parameters.freeze(name);
}
