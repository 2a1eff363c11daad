import type { Precision } from './kernels/choose.js';
import { multipliesBfloat16 } from './kernels/processor.js';
import { isNative } from './ops/run-native.js';

/**
 * Resolves `precision: auto` for the running engine: bfloat16 where TensorFlow runs and the processor can multiply it.
 */
export function resolvePrecision(wanted: Precision | 'auto'): Precision {
  if (wanted !== 'auto') return wanted;
  return isNative() && multipliesBfloat16() ? 'bfloat16' : 'float32';
}
