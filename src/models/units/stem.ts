import type { Held, Kernels } from '../../engine/kernels/kernels.js';
import type { Pass } from '../layers/layer.js';
import { recordNormalized, type NormalizedConv } from './normalized.js';
import type { Gradients, Recorded, Unit } from './unit.js';

/**
 * ResNet's beginning: convolution, normalisation, ReLU and max pool, 3×3 at stride 2. Pool and ReLU change places, which
 * changes nothing but that the ReLU sees a quarter of the values. Kept are the convolution's and its own output.
 */
export function stemUnit(convolution: NormalizedConv): Unit {
  return {
    parameters: convolution.parameters,
    record<T extends Held>(k: Kernels<T>, x: T, pass: Pass, inputGradient: boolean): Recorded<T> {
      const { y, record } = recordNormalized(k, x, convolution, pass);
      const pooled = k.maxPool(y);
      y.dispose();
      const output = k.relu(pooled);
      pooled.dispose();
      return {
        output,
        backward(dy) {
          const gradients: Gradients = new Map();
          const dPooled = k.reluGradient(dy, output);
          dy.dispose();
          const normal = record.output();
          const d = k.maxPoolGradient(dPooled, normal, output);
          for (const used of [dPooled, normal, output]) used.dispose();
          const dx = record.backward(d, x, inputGradient, gradients);
          d.dispose();
          return { dx, gradients };
        },
        release() {
          record.dispose();
          return output;
        },
        dispose() {
          record.dispose();
          output.dispose();
        },
      };
    },
  };
}
