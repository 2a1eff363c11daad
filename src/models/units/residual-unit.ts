import type { Held, Kernels } from '../../engine/kernels/kernels.js';
import { framesOf, type Pass } from '../layers/layer.js';
import { recordNormalized, type NormalizedConv, type NormalizedPass } from './normalized.js';
import { consumed, unused, type Gradients, type Recorded, type Unit } from './unit.js';

/**
 * A residual block (He et al. 2016): normalised convolutions with ReLUs between them, added
 * to the identity, then a ReLU.
 */
export interface ResidualBlock {
  branch: readonly NormalizedConv[];
  /** Projection of the identity where the block changes the shape; null: the input itself is added. */
  shortcut: NormalizedConv | null;
  /** TSM: 1/shift of the branch's input channels move to either side in time; 0: none. The identity is not shifted. */
  shift: number;
}

/**
 * A residual block as a unit. It keeps the outputs of its convolutions and its own output; the backward pass computes
 * shift, normalisation and ReLU again.
 */
export function residualUnit({ branch, shortcut, shift }: ResidualBlock): Unit {
  return {
    parameters: [...branch, ...(shortcut ? [shortcut] : [])].flatMap(({ parameters }) => parameters),
    record<T extends Held>(k: Kernels<T>, x: T, pass: Pass, inputGradient: boolean): Recorded<T> {
      const shifted = (x: T, direction: 1 | -1) => k.shift(x, framesOf(pass), shift, direction);
      const records: NormalizedPass<T>[] = [];
      let at = shift === 0 ? x : shifted(x, 1);
      for (const convolution of branch) {
        const { y, record } = recordNormalized(k, at, convolution, pass);
        if (at !== x) at.dispose();
        const last = records.push(record) === branch.length;
        at = last ? y : consumed(y, k.relu);
      }
      const side = shortcut ? recordNormalized(k, x, shortcut, pass) : null;
      const sum = k.add(at, side?.y ?? x);
      at.dispose();
      side?.y.dispose();
      const output = consumed(sum, k.relu);

      const forget = () => {
        for (const record of records) record.dispose();
        side?.record.dispose();
      };
      return {
        output,
        backward(dy) {
          const gradients: Gradients = new Map();
          const dSum = k.reluGradient(dy, output);
          dy.dispose();
          output.dispose();
          let d = dSum;
          for (let i = branch.length - 1; i >= 0; i--) {
            const input = i > 0 ? consumed(records[i - 1]!.output(), k.relu) : shift === 0 ? x : shifted(x, 1);
            const dInput = records[i]!.backward(d, input, i > 0 || inputGradient, gradients);
            if (d !== dSum) d.dispose();
            if (i > 0) d = consumed(dInput!, (g) => k.reluGradient(g, input));
            else if (dInput) d = shift === 0 ? dInput : consumed(dInput, (g) => shifted(g, -1));
            if (input !== x) input.dispose();
          }
          const dSide = side ? side.record.backward(dSum, x, inputGradient, gradients) : dSum;
          let dx: T | null = null;
          if (inputGradient) {
            dx = k.add(d, dSide!);
            d.dispose();
            if (dSide !== dSum) dSide!.dispose();
          }
          dSum.dispose();
          return { dx, gradients };
        },
        ...unused(output, forget),
      };
    },
  };
}
