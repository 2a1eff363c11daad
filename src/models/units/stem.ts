import type { Held, Kernels } from '../../engine/kernels/kernels.js';
import type { Pass } from '../layers/layer.js';
import { recordNormalized, type NormalizedConv } from './normalized.js';
import { unused, type Gradients, type Recorded, type Unit } from './unit.js';

/**
 * ResNet's stem: convolution, normalisation, ReLU and max pool, 3×3 at stride 2. ReLU and pool are swapped, which gives
 * the same values while the ReLU sees a quarter of them. Only the unit's output is kept. The convolution's output would
 * be a quarter of all that the network keeps, and computing it again takes little time.
 */
export function stemUnit(convolution: NormalizedConv): Unit {
  return {
    parameters: convolution.parameters,
    record<T extends Held>(k: Kernels<T>, x: T, pass: Pass, inputGradient: boolean): Recorded<T> {
      const { y, record } = recordNormalized(k, x, convolution, pass);
      const pooled = k.maxPool(y);
      y.dispose();
      record.forget();
      const output = k.relu(pooled);
      pooled.dispose();
      return {
        output,
        backward(dy) {
          const gradients: Gradients = new Map();
          const dPooled = k.reluGradient(dy, output);
          dy.dispose();
          record.restore(x);
          const d = record.throughMaxPool(dPooled, output);
          for (const used of [dPooled, output]) used.dispose();
          const dx = record.backward(d, x, inputGradient, gradients);
          d.dispose();
          return { dx, gradients };
        },
        ...unused(output, () => {
          record.dispose();
        }),
      };
    },
  };
}
