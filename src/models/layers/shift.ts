import { temporalShift } from '../../engine/ops/temporal-shift.js';
import { framesOf, type Layer } from './layer.js';

/**
 * TSM's shift (docs/method.md §3.1) of x `[N·F, H, W, C]` as a layer without parameters: 1/div of the channels is
 * taken from the next frame and 1/div from the previous one. With div 0 the layer does nothing, which makes the plain
 * 2-D network. The pass says F.
 */
export function shifted(div: number): Layer {
  return {
    parameters: [],
    apply: (x, pass) => (div === 0 ? x : temporalShift(x, framesOf(pass), div)),
  };
}
