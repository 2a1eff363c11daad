import * as tf from '@tensorflow/tfjs-core';
import { fromTfjs, integers, runOp, toTfjs, type NativeTensor } from '../kernels/native-tensor.js';
import { taskOf } from './server-def.js';

/** Ranks that add up, and the keys by which TensorFlow knows them. */
export interface Group {
  /** Number of ranks. */
  readonly size: number;
  /** Names the group among those of a cluster. */
  readonly key: number;
  /** Names what is added up within the group. It is bound to one shape for ever. */
  readonly instance: number;
}

/**
 * Adds up a vector over a group of ranks, each of which has to call this, and blocks until the sum is there. The sum of
 * two ranks is exact to the bit; of more, floats are added in an order of TensorFlow's own.
 *
 * @param seconds - The longest time to wait for the others. After an error every later call fails at once.
 * @throws Error with TensorFlow's message.
 */
export function addOver(vector: tf.Tensor1D, group: Group, seconds: number): tf.Tensor1D {
  const x = vector.dtype === 'int32' ? integers([...vector.dataSync()]) : fromTfjs(vector);
  const constants = [group.size, group.key, group.instance].map((value) => integers(value));
  try {
    const [sum] = runOp('CollectiveReduceV2', [x, ...constants], {
      T: { type: x.type },
      merge_op: 'Add',
      final_op: 'Id',
      communication_hint: 'auto',
      timeout_seconds: { float: seconds },
      Nordering_token: 0,
      max_subdivs_per_device: -1,
    });
    return toTfjs(sum as NativeTensor) as tf.Tensor1D;
  } finally {
    for (const tensor of [x, ...constants]) tensor.dispose();
  }
}

/** Whether the process of a rank answers within some time. */
export function answers(rank: number, milliseconds: number): boolean {
  const { binding } = tf.backend() as unknown as { binding: { checkPeer(task: string, milliseconds: number): void } };
  try {
    binding.checkPeer(taskOf(rank), milliseconds);
    return true;
  } catch {
    return false;
  }
}
