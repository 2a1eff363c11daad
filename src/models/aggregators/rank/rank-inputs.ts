import type { FeatureRows } from '../aggregator.js';

/** A change of rows before rank pooling, and the gradient of its input `[T, D]` given that of its output. */
export interface ChangedRows {
  readonly rows: FeatureRows;
  back(gradient: Float64Array): Float64Array;
}

/** Replaces each step by the mean of all steps up to it. */
export function timeMeans({ data, count, channels }: FeatureRows): ChangedRows {
  const out = new Float64Array(data.length);
  const sum = new Float64Array(channels);
  for (let t = 0, i = 0; t < count; t++)
    for (let c = 0; c < channels; c++, i++) out[i] = (sum[c]! += data[i]!) / (t + 1);
  return {
    rows: { data: out, count, channels },
    back(gradient) {
      const d = new Float64Array(data.length);
      const later = new Float64Array(channels);
      for (let t = count - 1; t >= 0; t--)
        for (let c = 0, i = t * channels; c < channels; c++, i++) d[i] = later[c]! += gradient[i]! / (t + 1);
      return d;
    },
  };
}

/** Keeps the gradient of a root finite at 0, where that of √ is not. */
const delta = 1e-4;
const root = (x: number) => Math.sqrt(x + delta) - Math.sqrt(delta);
const rootSlope = (x: number) => 1 / (2 * Math.sqrt(x + delta));

/** The signed square root: sign(x)·(√(|x| + δ) - √δ). */
export function signedRoots({ data, count, channels }: FeatureRows): ChangedRows {
  return {
    rows: { data: data.map((x) => Math.sign(x) * root(Math.abs(x))), count, channels },
    back: (gradient) => gradient.map((g, i) => g * rootSlope(Math.abs(data[i]!))),
  };
}

/** The roots of the positive and of the negative parts, side by side: `[T, D]` → `[T, 2D]`. */
export function splitRoots({ data, count, channels }: FeatureRows): ChangedRows {
  const out = new Float64Array(2 * data.length);
  const place = (i: number) => i + channels * Math.floor(i / channels);
  data.forEach((x, i) => (out[place(i) + (x > 0 ? 0 : channels)] = root(Math.abs(x))));
  return {
    rows: { data: out, count, channels: 2 * channels },
    back: (gradient) =>
      Float64Array.from(data, (x, i) => {
        if (x === 0) return 0;
        return x > 0 ? gradient[place(i)]! * rootSlope(x) : -gradient[place(i) + channels]! * rootSlope(-x);
      }),
  };
}

/** Divides each step by its length. A step of zeros stays as it is and has no gradient. */
export function unitLengths({ data, count, channels }: FeatureRows): ChangedRows {
  const out = new Float64Array(data.length);
  const lengths = new Float64Array(count);
  for (let t = 0; t < count; t++) {
    let squares = 0;
    for (let c = 0, i = t * channels; c < channels; c++, i++) squares += data[i]! * data[i]!;
    lengths[t] = Math.sqrt(squares);
    if (squares > 0) for (let c = 0, i = t * channels; c < channels; c++, i++) out[i] = data[i]! / lengths[t]!;
  }
  return {
    rows: { data: out, count, channels },
    back(gradient) {
      const d = new Float64Array(data.length);
      for (let t = 0; t < count; t++) {
        if (lengths[t] === 0) continue;
        let along = 0;
        for (let c = 0, i = t * channels; c < channels; c++, i++) along += gradient[i]! * out[i]!;
        for (let c = 0, i = t * channels; c < channels; c++, i++) d[i] = (gradient[i]! - along * out[i]!) / lengths[t]!;
      }
      return d;
    },
  };
}

/** The rows in the reverse order. */
export function reversed({ data, count, channels }: FeatureRows): ChangedRows {
  const turn = (of: Float64Array) => {
    const out = new Float64Array(of.length);
    for (let t = 0; t < count; t++) out.set(of.subarray(t * channels, (t + 1) * channels), (count - 1 - t) * channels);
    return out;
  };
  return { rows: { data: turn(data), count, channels }, back: turn };
}
