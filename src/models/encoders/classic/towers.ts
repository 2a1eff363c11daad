import * as tf from '@tensorflow/tfjs-core';
import type { Held, Kernels } from '../../../engine/kernels/kernels.js';
import type { Pass } from '../../layers/layer.js';
import { prefixedPass, prefixedSpecs } from '../../layers/prefixed.js';
import { recordUnits, runUnits, through, unused, type Gradients, type Recorded, type Unit } from '../../units/unit.js';

/** A stack of units that sees videos of its own. */
export interface Tower {
  /** With what the names of its parameters begin. */
  prefix: string;
  units: readonly Unit[];
  /** What it sees of videos `[N, F, H, W, 3]`; null: all of them. */
  view: ((x: tf.Tensor5D) => tf.Tensor5D) | null;
}

/**
 * Towers side by side as the first unit of an encoder: videos `[N, F, H, W, 3]` → maps `[N, P, h, w, C]`, whose
 * channels are those of all towers. With `joinPositions` the channels of all positions in time are joined too, one
 * position after the other, which leaves one position. The towers' maps must be of one size.
 */
export function towersUnit(towers: readonly Tower[], joinPositions: boolean): Unit {
  const joined = (maps: readonly tf.Tensor[]) =>
    tf.concat(
      maps.map((map) => (joinPositions ? positionsAsChannels(map as tf.Tensor5D) : map)),
      4,
    );
  /** What a tower sees, and whether it is to be disposed of. */
  const seenBy = <T extends Held>(k: Kernels<T>, x: T, { view }: Tower) =>
    view ? { seen: through(k, [x], ([video]) => view(video as tf.Tensor5D)), own: true } : { seen: x, own: false };

  return {
    parameters: towers.flatMap(({ units, prefix }) =>
      prefixedSpecs(
        units.flatMap(({ parameters }) => parameters),
        prefix,
      ),
    ),
    run(k, x, pass) {
      const maps = towers.map((tower) => {
        const { seen, own } = seenBy(k, x, tower);
        const map = runUnits(tower.units, k, seen, prefixedPass(pass, tower.prefix));
        if (own) seen.dispose();
        return map;
      });
      const output = through(k, maps, joined);
      for (const map of maps) map.dispose();
      return output;
    },
    record<T extends Held>(k: Kernels<T>, x: T, pass: Pass): Recorded<T> {
      const passes = towers.map((tower) => {
        const { seen, own } = seenBy(k, x, tower);
        const record = recordUnits(tower.units, k, seen, prefixedPass(pass, tower.prefix));
        const forget = () => {
          record.dispose();
          if (own) seen.dispose();
        };
        return { prefix: tower.prefix, record, forget };
      });
      const maps = () => passes.map(({ record }) => record.output);
      const output = through(k, maps(), joined);
      const forget = () => {
        for (const pass of passes) pass.forget();
      };
      return {
        output,
        backward(dy) {
          output.dispose();
          const parts = tf.tidy(() =>
            tf.grads((...views: tf.Tensor[]) => joined(views))(maps().map(k.view), k.view(dy)),
          );
          dy.dispose();
          const gradients: Gradients = new Map();
          passes.forEach(({ prefix, record, forget }, i) => {
            const d = k.from(parts[i]!);
            parts[i]!.dispose();
            for (const [name, gradient] of record.backward(d).gradients) gradients.set(prefix + name, gradient);
            forget();
          });
          return { dx: null, gradients };
        },
        ...unused(output, forget),
      };
    },
  };
}

/** `[N, P, h, w, C]` → `[N, 1, h, w, P·C]`. */
function positionsAsChannels(maps: tf.Tensor5D): tf.Tensor5D {
  const [n, p, h, w, c] = maps.shape;
  return tf.reshape(tf.transpose(maps, [0, 2, 3, 1, 4]), [n, 1, h, w, p * c]);
}
