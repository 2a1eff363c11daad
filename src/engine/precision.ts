import type { Precision } from './kernels/choose.js';
import { multipliesBfloat16 } from './kernels/processor.js';
import { isNative } from './ops/run-native.js';

/** What `precision: auto` means with the running engine: bfloat16 where TensorFlow computes on a processor that multiplies it. */
export function resolvePrecision(wanted: Precision | 'auto'): Precision {
  if (wanted !== 'auto') return wanted;
  return isNative() && multipliesBfloat16() ? 'bfloat16' : 'float32';
}
