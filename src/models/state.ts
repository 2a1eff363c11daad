import * as tf from '@tensorflow/tfjs-core';
import { UsageError } from '../system/errors.js';
import { printable } from '../system/printable.js';
import { fromTorchLayout, torchShape, toTorchLayout, type Values } from './weights/torch-layout.js';
import type { Parameters, ParameterSpec } from './parameters.js';

/** A model's tensors by name, in PyTorch's layouts: the form in which they are stored and exchanged. */
export type State = Map<string, Values>;

/** Copies the values of all tensors out of a model. */
export function exportState(parameters: Parameters): State {
  return new Map(
    parameters.specs.map(({ name, kind }) => {
      const tensor = parameters.get(name);
      return [name, toTorchLayout(kind, { shape: tensor.shape, data: tensor.dataSync<'float32'>() })];
    }),
  );
}

/**
 * Sets a model's tensors from `state`, whose names may begin with `prefix`. Tensors under other names are ignored.
 *
 * @param source - Where the state comes from, for the error message.
 * @param specs - The parameters to set, by default all.
 * @throws UsageError listing the tensors that are missing or have another shape; then nothing is set.
 */
export function importState(
  parameters: Parameters,
  state: State,
  source: string,
  prefix = '',
  specs = parameters.specs,
): void {
  requireFit(specs, state, source, prefix);
  for (const { name, kind, shape } of specs) {
    const { data } = fromTorchLayout(kind, state.get(prefix + name)!, shape);
    parameters.assign(name, tf.tensor(data, shape));
  }
}

/**
 * Checks that `state` has every parameter with its shape, before there is memory for any of them.
 *
 * @throws UsageError as {@link importState} does.
 */
export function requireFit(specs: readonly ParameterSpec[], state: State, source: string, prefix = ''): void {
  const problems = specs.flatMap((spec) => problemOf(spec, state.get(prefix + spec.name)?.shape) ?? []);
  if (problems.length > 0) throw new UsageError(`${source} does not fit the model: ${listed(problems)}`);
}

/**
 * Describes what is wrong with the shape (in PyTorch's layout) that a file gives a
 * parameter; undefined when nothing is.
 */
export function problemOf({ name, kind, shape }: ParameterSpec, given?: readonly number[]): string | undefined {
  if (!given) return `${name} is missing`;
  const wanted = torchShape(kind, shape).join();
  return given.join() === wanted ? undefined : `${name} is [${printable(given.join())}], not [${wanted}]`;
}

/** Lists problems in one line: the first ten, and how many more there are. */
export function listed(problems: readonly string[]): string {
  const more = problems.length - 10;
  return problems.slice(0, 10).join('; ') + (more > 0 ? `; and ${more} more` : '');
}

/** A tensor's name without what wrappers add to it: `module.`, `base_model.`, and TSM's `.net` around a convolution. */
export function plainName(name: string): string {
  return name.replace(/^(module\.|base_model\.)+/, '').replace(/\.net(?=\.(weight|bias)$)/, '');
}
