/**
 * Indices in falling score; ties keep file order, NaN goes last. A radix sort, byte by byte: detections come by the million.
 */
export function byFallingScore(score: Float64Array): Int32Array {
  const n = score.length;
  const keys = new Uint8Array(fallingKeys(score).buffer);
  let order = new Int32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  let next = new Int32Array(n);
  for (let byte = 0; byte < 8; byte++) {
    const place = new Int32Array(257);
    for (let i = byte; i < keys.length; i += 8) place[keys[i]! + 1]!++;
    if (place.includes(n)) continue; // the same byte everywhere
    for (let value = 0; value < 256; value++) place[value + 1]! += place[value]!;
    for (let k = 0; k < n; k++) {
      const i = order[k]!;
      next[place[keys[8 * i + byte]!]!++] = i;
    }
    [order, next] = [next, order];
  }
  return order;
}

/** Little-endian 64-bit integers that rise as scores fall; the largest for NaN. */
function fallingKeys(score: Float64Array): Uint32Array {
  // Adding 0 makes -0 the tie of 0 that it is.
  const keys = new Uint32Array(Float64Array.from(score, (value) => value + 0).buffer);
  for (let i = 0; i < score.length; i++) {
    const high = 2 * i + 1;
    if (Number.isNaN(score[i])) keys[high - 1] = keys[high] = 0xffffffff;
    else if (keys[high]! < 0x80000000) {
      // The bits of positive doubles rise with them, those of negative ones fall already and have the highest bit.
      keys[high - 1] = ~keys[high - 1]!;
      keys[high] = ~keys[high]! & 0x7fffffff;
    }
  }
  return keys;
}

/**
 * The indices in `order` cut into groups by `key`, their order kept; negative keys are left out.
 * Group `k` is `members.subarray(offset[k], offset[k + 1])`.
 */
export function groupBy(
  key: Int32Array,
  groups: number,
  order: Int32Array,
): { members: Int32Array; offset: Int32Array } {
  const offset = new Int32Array(groups + 1);
  for (const k of key) if (k >= 0) offset[k + 1]!++;
  for (let k = 0; k < groups; k++) offset[k + 1]! += offset[k]!;
  const members = new Int32Array(offset[groups]!);
  const place = offset.slice(0, groups);
  for (const i of order) {
    const k = key[i]!;
    if (k >= 0) members[place[k]!++] = i;
  }
  return { members, offset };
}
