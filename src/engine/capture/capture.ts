import type { CaptureCounts, CaptureMode } from './capture-state.js';
import { CapturingBinding } from './capturing-binding.js';
import type { NativeBinding, TensorCalls } from './native-binding.js';

let capturing: CapturingBinding | null = null;

/**
 * Runs work that is done again and again in the same way, as a training step is, and lets TensorFlow do it as one call
 * where it was done before: the same bits without the time that a call for each op takes. Work may read values in its
 * midst, which cuts it in two. Whatever engine runs, the result is that of `work()`.
 *
 * @param name - Work of the same name is compared with each other.
 */
export function captured<T>(name: string, work: () => T): T {
  return capturing ? capturing.capture(name, work) : work();
}

/** When {@link captured} captures: `engine.capture`. */
export function setCapture(mode: CaptureMode): void {
  if (capturing) capturing.mode = mode;
}

/** How captured work has been done since the engine has started; null where it cannot be captured. */
export function captureCounts(): CaptureCounts | null {
  return capturing && capturing.counts;
}

/**
 * The binding that a backend is given in place of TensorFlow's: the same, but for the calls that are captured. One that
 * was compiled without `graph-source.ts` is returned as it is.
 */
export function withCapture<B extends NativeBinding>(native: B): B {
  if (!native.defineFunction) return native;
  const own = new CapturingBinding(native);
  capturing = own;
  const calls: TensorCalls = {
    createTensor: (shape, dtype, values) => own.createTensor(shape, dtype, values),
    deleteTensor: (id) => {
      own.deleteTensor(id);
    },
    tensorDataSync: (id) => own.tensorDataSync(id),
    executeOp: (op, attributes, inputs, outputs) => own.executeOp(op, attributes, inputs, outputs),
  };
  // All other members are inherited.
  return Object.create(native, Object.getOwnPropertyDescriptors(calls)) as B;
}
