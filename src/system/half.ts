/** Converts IEEE half floats, given as their bits, to single precision, exactly. */
export function widenF16(halves: Uint16Array): Float32Array {
  const floats = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i]!;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    const magnitude =
      exponent === 31
        ? fraction
          ? NaN
          : Infinity
        : exponent
          ? (1 + fraction / 1024) * 2 ** (exponent - 15)
          : (fraction / 1024) * 2 ** -14;
    floats[i] = half & 0x8000 ? -magnitude : magnitude;
  }
  return floats;
}

/** Converts bfloat16 numbers, given as their bits, to single precision, exactly. */
export function widenBF16(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16;
  return new Float32Array(bits.buffer);
}
