import { temporalShift } from '../../engine/ops/temporal-shift.js';
import type { Layer } from './layer.js';

/** Whether frames of a snippet see each other (TSM §4.1), and how many there are. */
export interface Shift {
  /** Frames a snippet, F. */
  frames: number;
  /** 1/div of the channels looks ahead, 1/div back; 0: no shift (the plain 2-D network). */
  div: number;
}

/** TSM's shift of x `[N·F, H, W, C]` as a layer without parameters. */
export function shifted({ frames, div }: Shift): Layer {
  return { parameters: [], apply: (x) => (div > 0 ? temporalShift(x, frames, div) : x) };
}
