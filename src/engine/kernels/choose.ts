import { UsageError } from '../../system/errors.js';
import { isNative } from '../ops/run-native.js';
import type { Held, Kernels } from './kernels.js';
import { nativeKernels } from './native-kernels.js';
import { portableKernels } from './portable-kernels.js';

/** Element type in which images and filters are stored and computed. */
export type Precision = 'float32' | 'bfloat16';

/**
 * Calls `f` with the kernels of the running engine.
 *
 * @throws UsageError when the engine has no kernels of this precision.
 */
export function withKernels<R>(precision: Precision, f: <T extends Held>(kernels: Kernels<T>) => R): R {
  if (isNative()) return f(nativeKernels(precision));
  if (precision === 'float32') return f(portableKernels);
  throw new UsageError('precision: bfloat16 needs the tensorflow engine. Run lofi setup, or set it to float32.');
}
