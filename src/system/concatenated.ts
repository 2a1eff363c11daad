/** Numbers of several arrays one after the other, as one array. */
export function concatenated(parts: readonly (Float32Array | Uint8Array)[]): Float32Array {
  const all = new Float32Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
