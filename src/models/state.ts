import * as tf from '@tensorflow/tfjs-core';
import { UsageError } from '../system/errors.js';
import { fromTorchLayout, torchShape, toTorchLayout, type Values } from './layout.js';
import type { Parameters } from './parameters.js';

/** A model's tensors by name, in PyTorch's layouts: the form in which they are stored and exchanged. */
export type State = Map<string, Values>;

/** Copies a model's tensors out. */
export function exportState(parameters: Parameters): State {
  return new Map(
    parameters.specs.map(({ name, kind }) => {
      const tensor = parameters.get(name);
      return [name, toTorchLayout(kind, { shape: tensor.shape, data: tensor.dataSync<'float32'>() })];
    }),
  );
}

/**
 * Sets a model's tensors from `state`, whose names may carry a `prefix`; tensors under other names are left alone.
 * Throws {@link UsageError} listing what is missing or of another shape.
 */
export function importState(parameters: Parameters, state: State, source: string, prefix = ''): void {
  const problems: string[] = [];
  for (const { name, kind, shape } of parameters.specs) {
    const values = state.get(prefix + name);
    const wanted = torchShape(kind, shape).join();
    if (!values) problems.push(`${name} is missing`);
    else if (values.shape.join() !== wanted) problems.push(`${name} is [${values.shape.join()}], not [${wanted}]`);
  }
  if (problems.length > 0) throw new UsageError(`${source} does not fit the model: ${problems.join('; ')}`);
  for (const { name, kind } of parameters.specs) {
    const { data, shape } = fromTorchLayout(kind, state.get(prefix + name)!);
    parameters.assign(name, tf.tensor(data, shape));
  }
}

/** A tensor's name without what wrappers add to it: `module.`, `base_model.`, TSM's `.net`. */
export function plainName(name: string): string {
  return name.replace(/^(module\.|base_model\.)+/, '').replace('.net.', '.');
}
