import * as tf from '@tensorflow/tfjs-core';
import type { TensorData } from '../../checkpoints/formats/tensor.js';
import { exportState, importState, type State } from '../../models/state.js';
import type { Slot } from '../../train/optimizers/optimizers.js';
import type { TrainedPart } from '../../train/trained-parts.js';

type Parts = Readonly<Record<string, TrainedPart>>;

/**
 * All tensors of the parts, as the store keeps them: parameters under `<part>.<name>` in PyTorch's layout, optimizer slots
 * and what averages hold as they are. Where there are averages, they stand in the parameters' place
 * (`swapAverages`), so that whoever reads a checkpoint gets them; what is trained lies beside, as `optimizer.<part>.trained.<name>`.
 */
export function snapshot(parts: Parts): Map<string, TensorData> {
  const tensors = new Map<string, TensorData>();
  for (const [part, { parameters, optimizer, average }] of Object.entries(parts)) {
    for (const [name, { shape, data }] of exportState(parameters)) {
      tensors.set(`${part}.${name}`, { dtype: 'F32', shape, data });
    }
    const keep = (name: string, slot: Slot) => {
      tensors.set(`optimizer.${part}.${name}`, { dtype: 'F32', shape: [...slot.shape], data: slot.dataSync() });
    };
    for (const [name, slot] of optimizer.slots()) keep(name, slot);
    for (const [name, tensor] of average?.slots() ?? [])
      keep(`trained.${name}`, { shape: tensor.shape, dataSync: () => tensor.dataSync<'float32'>() });
  }
  return tensors;
}

/** The reverse of {@link snapshot}. */
export function restore(parts: Parts, tensors: ReadonlyMap<string, TensorData>): void {
  const state = toState(tensors);
  for (const [part, { parameters, optimizer, average }] of Object.entries(parts)) {
    importState(parameters, state, 'checkpoint', `${part}.`);
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

/** Stored tensors as a model's state. */
export function toState(tensors: ReadonlyMap<string, TensorData>): State {
  const state: State = new Map();
  for (const [name, { dtype, shape, data }] of tensors) {
    if (dtype === 'F32') state.set(name, { shape: [...shape], data: data as Float32Array });
  }
  return state;
}
