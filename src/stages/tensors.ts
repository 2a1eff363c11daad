import * as tf from '@tensorflow/tfjs-core';
import type { TensorData } from '../checkpoints/tensor.js';
import type { Parameters } from '../models/parameters.js';
import { exportState, importState, type State } from '../models/state.js';
import type { Optimizer } from '../train/optimizers.js';

/** A part of what a stage trains: its parameters, kept under `<part>.<name>`, and its optimizer. */
export interface TrainedPart {
  parameters: Parameters;
  optimizer: Optimizer;
}

/** All tensors of the parts, as the store keeps them: parameters in PyTorch's layout, optimizer slots as they are. */
export function snapshot(parts: ReadonlyMap<string, TrainedPart>): Map<string, TensorData> {
  const tensors = new Map<string, TensorData>();
  for (const [part, { parameters, optimizer }] of parts) {
    for (const [name, { shape, data }] of exportState(parameters)) {
      tensors.set(`${part}.${name}`, { dtype: 'F32', shape, data });
    }
    for (const [slot, tensor] of optimizer.slots()) {
      const data = tensor.dataSync<'float32'>();
      tensors.set(`optimizer.${part}.${slot}`, { dtype: 'F32', shape: tensor.shape, data });
    }
  }
  return tensors;
}

/** The reverse of {@link snapshot}. */
export function restore(parts: ReadonlyMap<string, TrainedPart>, tensors: ReadonlyMap<string, TensorData>): void {
  const state = toState(tensors);
  for (const [part, { parameters, optimizer }] of parts) {
    importState(parameters, state, 'checkpoint', `${part}.`);
    const slots = new Map<string, tf.Tensor>();
    for (const slot of optimizer.slots().keys()) {
      const values = state.get(`optimizer.${part}.${slot}`);
      if (values) slots.set(slot, tf.tensor(values.data, values.shape));
    }
    optimizer.restore(slots);
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
