import { UsageError } from '../../system/errors.js';
import { isNative } from '../ops/run-native.js';
import type { Held, Kernels } from './kernels.js';
import { nativeKernels } from './native-kernels.js';
import { portableKernels } from './portable-kernels.js';

/** What images and filters are held and computed in. */
export type Precision = 'float32' | 'bfloat16';

/**
 * Calls `f` with the kernels of the running engine. Throws {@link UsageError} where it has none of the precision.
 */
export function withKernels<R>(precision: Precision, f: <T extends Held>(kernels: Kernels<T>) => R): R {
  if (isNative()) return f(nativeKernels(precision));
  if (precision === 'float32') return f(portableKernels);
  throw new UsageError('precision: bfloat16 needs the tensorflow engine. Run lofi setup, or set it to float32.');
}
