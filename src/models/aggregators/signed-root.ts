/** The result of {@link signedRoot}, and the way back. */
export interface RootedVector {
  readonly value: Float64Array;
  /** The gradient of the raw vector, given that of the value. */
  backward(dValue: Float64Array): Float64Array;
}

/** Below this size the gradient of the root is that at this size, because at 0 it has none. */
const leastSize = 1e-6;
/** Lengths are divided by at least this. */
const leastLength = 1e-12;

/**
 * sign(v)·√|v| of each entry, then the whole divided by its length: what VLAD and Fisher vectors end with. The value is
 * exact; a vector of zeros stays one. The gradient is exact for entries of at least 1e-6, and finite everywhere.
 */
export function signedRoot(raw: Float64Array): RootedVector {
  const roots = raw.map((v) => Math.sign(v) * Math.sqrt(Math.abs(v)));
  const length = Math.sqrt(roots.reduce((sum, root) => sum + root * root, 0));
  const divisor = Math.max(length, leastLength);
  const value = roots.map((root) => root / divisor);
  return {
    value,
    backward(dValue) {
      const along = value.reduce((sum, v, i) => sum + v * dValue[i]!, 0);
      // A shorter vector has no entry above `leastSize`.
      const scale = Math.max(length, Math.sqrt(leastSize));
      return raw.map(
        (v, i) => (dValue[i]! - value[i]! * along) / scale / (2 * Math.sqrt(Math.max(Math.abs(v), leastSize))),
      );
    },
  };
}
