import * as tf from '@tensorflow/tfjs-core';
import type { Held, Kernels } from '../../engine/kernels/kernels.js';
import type { ConvGeometry } from '../../engine/ops/convolution/conv2d.js';
import { through } from './unit.js';

/*
 * Convolutions of which each part of the output's channels sees one part of the input's: x [N, H, W, C] and a filter
 * [kh, kw, C/groups, O]. TensorFlow has no gradients of them on a CPU, so each part is convolved by itself.
 */

/** The convolution. */
export function convolved<T extends Held>(k: Kernels<T>, x: T, filter: T, geometry: ConvGeometry, groups: number): T {
  if (groups === 1) return k.conv2d(x, filter, geometry);
  return each(k, [x, filter], groups, ([x, filter]) => k.conv2d(x!, filter!, geometry));
}

/** The gradient of the input, of shape `input`. */
export function inputGradientOf<T extends Held>(
  k: Kernels<T>,
  dy: T,
  filter: T,
  input: readonly number[],
  geometry: ConvGeometry,
  groups: number,
): T {
  if (groups === 1) return k.conv2dInput(dy, filter, input, geometry);
  const part = [...input.slice(0, -1), input.at(-1)! / groups];
  return each(k, [dy, filter], groups, ([dy, filter]) => k.conv2dInput(dy!, filter!, part, geometry));
}

/** The gradient of the filter, of shape `filter`. */
export function filterGradientOf<T extends Held>(
  k: Kernels<T>,
  x: T,
  dy: T,
  filter: readonly number[],
  geometry: ConvGeometry,
  groups: number,
): T {
  if (groups === 1) return k.conv2dFilter(x, dy, filter, geometry);
  const part = [...filter.slice(0, -1), filter.at(-1)! / groups];
  return each(k, [x, dy], groups, ([x, dy]) => k.conv2dFilter(x!, dy!, part, geometry));
}

/** Splits the last axis of all inputs, computes f of each part, and joins the results along the last axis. */
function each<T extends Held>(k: Kernels<T>, inputs: readonly T[], groups: number, f: (parts: T[]) => T): T {
  const split = inputs.map((x) => parts(k, x, groups));
  const results = Array.from({ length: groups }, (_, i) => f(split.map((of) => of[i]!)));
  const joined = through(k, results, (views) => tf.concat(views, -1));
  for (const used of [...split.flat(), ...results]) used.dispose();
  return joined;
}

function parts<T extends Held>(k: Kernels<T>, x: T, groups: number): T[] {
  const views = tf.tidy(() => tf.split(k.view(x), groups, x.shape.length - 1));
  const own = views.map(k.from);
  tf.dispose(views);
  return own;
}
