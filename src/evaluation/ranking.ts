/**
 * Indices by descending score; ties keep file order, and NaN comes last. It is a radix sort over bytes, because
 * there are millions of detections.
 */
export function byFallingScore(score: Float64Array): Int32Array {
  const n = score.length;
  const order = new Int32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  // The halves of the key move together with the index, so that memory is read sequentially.
  let from = { order, ...fallingKeys(score) };
  let to = { order: new Int32Array(n), low: new Uint32Array(n), high: new Uint32Array(n) };
  for (let byte = 0; byte < 8; byte++) {
    const key = byte < 4 ? from.low : from.high;
    const shift = 8 * (byte % 4);
    const place = new Int32Array(257);
    for (let k = 0; k < n; k++) place[((key[k]! >>> shift) & 0xff) + 1]!++;
    if (place.includes(n)) continue; // the same byte everywhere
    for (let value = 0; value < 256; value++) place[value + 1]! += place[value]!;
    for (let k = 0; k < n; k++) {
      const at = place[(key[k]! >>> shift) & 0xff]!++;
      to.order[at] = from.order[k]!;
      to.low[at] = from.low[k]!;
      to.high[at] = from.high[k]!;
    }
    [from, to] = [to, from];
  }
  return from.order;
}

/** 64-bit integers, in two halves, that ascend as scores descend; NaN has the largest. */
function fallingKeys(score: Float64Array) {
  const low = new Uint32Array(score.length);
  const high = new Uint32Array(score.length);
  const double = new DataView(new ArrayBuffer(8));
  for (let i = 0; i < score.length; i++) {
    // Adding 0 turns -0 into 0, so that the two tie.
    double.setFloat64(0, score[i]! + 0);
    // The bits of positive doubles ascend with them. Those of negative doubles already descend,
    // and their highest bit is set.
    const flip = score[i]! < 0 ? 0 : 0xffffffff;
    low[i] = double.getUint32(4) ^ flip;
    high[i] = double.getUint32(0) ^ (flip >>> 1);
    if (Number.isNaN(score[i])) low[i] = high[i] = 0xffffffff;
  }
  return { low, high };
}

/**
 * Divides the indices in `order` into groups by `key`, keeping their order. Negative keys are left out. Group `k` is
 * `members.subarray(offset[k], offset[k + 1])`.
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
