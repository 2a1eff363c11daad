import * as tf from '@tensorflow/tfjs-core';
import type { TensorData } from '../../checkpoints/formats/tensor.js';
import { exportParts, importParts, type ModelParts } from '../../models/parts.js';
import type { State } from '../../models/state.js';
import type { SourceState } from '../../train/batches/batch-source.js';
import type { Slot } from '../../train/optimizers/optimizers.js';
import type { TrainedPart } from '../../train/trained-parts.js';

type Parts = Readonly<Record<string, TrainedPart>>;

/** Prefix of the names under which a checkpoint stores the arrays of a batch source's state. */
const sourcePrefix = 'sampler.';

/**
 * All tensors of a stage in the store's form: parameters as `<part>.<name>` in PyTorch's layout, optimizer slots as
 * `optimizer.<part>.<slot>`, and the arrays of the batch source. Where a part has an average, call this while the
 * averages are swapped in (`swapAverages`): readers of the checkpoint then get the average as the parameters, and the
 * trained values are stored as `optimizer.<part>.trained.<name>`.
 */
export function snapshot(parts: Parts, source?: SourceState): Map<string, TensorData> {
  const tensors = toTensors(exportParts(parametersOf(parts)));
  for (const [part, { optimizer, average }] of Object.entries(parts)) {
    const keep = (name: string, slot: Slot) => {
      tensors.set(`optimizer.${part}.${name}`, { dtype: 'F32', shape: [...slot.shape], data: slot.dataSync() });
    };
    for (const [name, slot] of optimizer.slots()) keep(name, slot);
    for (const [name, tensor] of average?.slots() ?? [])
      keep(`trained.${name}`, { shape: tensor.shape, dataSync: () => tensor.dataSync<'float32'>() });
  }
  for (const [name, values] of source?.tensors ?? []) tensors.set(sourcePrefix + name, { dtype: 'F32', ...values });
  return tensors;
}

/** Sets parameters, optimizers and averages from the tensors of {@link snapshot}. */
export function restore(parts: Parts, tensors: ReadonlyMap<string, TensorData>): void {
  const state = toState(tensors);
  importParts(parametersOf(parts), state, 'checkpoint');
  for (const [part, { optimizer, average }] of Object.entries(parts)) {
    const stored = (names: Iterable<string>, prefix: string) => {
      const slots = new Map<string, tf.Tensor>();
      for (const name of names) {
        const values = state.get(`optimizer.${part}.${prefix}${name}`);
        if (values) slots.set(name, tf.tensor(values.data, values.shape));
      }
      return slots;
    };
    optimizer.restore(stored(optimizer.slots().keys(), ''));
    average?.restore(stored(average.slots().keys(), 'trained.'));
  }
}

/** The arrays of the batch source's state, from the tensors of {@link snapshot}. */
export function restoreSource(tensors: ReadonlyMap<string, TensorData>): State {
  const own = [...toState(tensors)].filter(([name]) => name.startsWith(sourcePrefix));
  return new Map(own.map(([name, values]) => [name.slice(sourcePrefix.length), values]));
}

/** Converts stored tensors to a model's state. */
export function toState(tensors: ReadonlyMap<string, TensorData>): State {
  const state: State = new Map();
  for (const [name, { dtype, shape, data }] of tensors) {
    if (dtype === 'F32') state.set(name, { shape: [...shape], data: data as Float32Array });
  }
  return state;
}

/** Converts a model's state to tensors to store. */
export function toTensors(state: State): Map<string, TensorData> {
  return new Map([...state].map(([name, values]): [string, TensorData] => [name, { dtype: 'F32', ...values }]));
}

/** Thrown when a tensor for a checkpoint has values that are not finite. */
export class NotFinite extends Error {}

/** Throws {@link NotFinite} naming the first tensor that contains an infinity or a NaN. */
export function requireFinite(tensors: ReadonlyMap<string, TensorData>): void {
  for (const [name, { dtype, data }] of tensors) {
    if (dtype !== 'F32') continue;
    // The sum of value · 0 is 0 exactly if all values are finite.
    let sum = 0;
    for (const value of data as Float32Array) sum += value * 0;
    if (sum !== 0) throw new NotFinite(`${name} is not finite`);
  }
}

function parametersOf(parts: Parts): ModelParts {
  return Object.fromEntries(Object.entries(parts).map(([part, { parameters }]) => [part, parameters]));
}
