import { temporalShift } from '../../engine/ops/temporal-shift.js';
import { framesOf, type Layer } from './layer.js';

/**
 * TSM's shift (§4.1) of x `[N·F, H, W, C]` as a layer without parameters: 1/div of the channels looks ahead in time, 1/div
 * back; 0: none, the plain 2-D network. F is what the pass says.
 */
export function shifted(div: number): Layer {
  return {
    parameters: [],
    apply: (x, pass) => (div === 0 ? x : temporalShift(x, framesOf(pass), div)),
  };
}
