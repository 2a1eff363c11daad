import * as tf from '@tensorflow/tfjs-core';

/**
 * Means over a grid of parts of maps x `[N, H, W, C]` → `[N, g, g, C]`, as PyTorch's AdaptiveAvgPool2d: part i of an
 * axis of H places goes from ⌊i H/g⌋ to ⌈(i + 1) H/g⌉, so that parts may overlap by a place, and may be one place seen
 * twice where H < g. A map of g×g is returned as it is.
 */
export function adaptivePool(x: tf.Tensor4D, grid: number): tf.Tensor4D {
  const [n, h, w, c] = x.shape;
  if (h === grid && w === grid) return x;
  return tf.tidy(() => {
    const rows = tf.matMul(tf.tile(means(h, grid), [n, 1, 1]), tf.reshape<tf.Rank.R3>(x, [n, h, w * c]));
    const columns = tf.matMul(
      tf.tile(means(w, grid), [n * grid, 1, 1]),
      tf.reshape<tf.Rank.R3>(rows, [n * grid, w, c]),
    );
    return tf.reshape<tf.Rank.R4>(columns, [n, grid, grid, c]);
  });
}

/** The matrix `[1, g, H]` whose row i takes the mean of part i of H places. */
function means(places: number, grid: number): tf.Tensor3D {
  const values = new Float32Array(grid * places);
  for (let i = 0; i < grid; i++) {
    const from = Math.floor((i * places) / grid);
    const to = Math.ceil(((i + 1) * places) / grid);
    values.fill(1 / (to - from), i * places + from, i * places + to);
  }
  return tf.tensor3d(values, [1, grid, places]);
}
