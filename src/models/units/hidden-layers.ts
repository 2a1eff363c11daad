import * as tf from '@tensorflow/tfjs-core';
import type { Held, Kernels } from '../../engine/kernels/kernels.js';
import { adaptivePool } from '../../engine/ops/adaptive-pool.js';
import { beforeActivation } from '../../engine/ops/dense.js';
import type { Pass } from '../layers/layer.js';
import type { Initializer, ParameterSpec } from '../parameters.js';
import { consumed, through, unused, type Gradients, type Recorded, type Unit } from './unit.js';

/** The two fully connected layers behind the maps of AlexNet and its kin, each with a ReLU. */
export interface HiddenLayers {
  /** Names of the layers, FC6 and FC7. */
  names: readonly [string, string];
  /** Side of the grid of places that FC6 sees. */
  grid: number;
  /** Channels of the maps. */
  in: number;
  /** Outputs of either layer. */
  hidden: number;
  /** Fraction of FC6's outputs that a training pass sets to 0. */
  dropout: number;
  /** Initial values of a layer of so many inputs. */
  init: (fanIn: number) => { weight: Initializer; bias: Initializer };
}

/**
 * The layers as a unit: maps `[…, H, W, C]` → vectors `[…, 1, 1, hidden]`. Maps of any size are averaged over a grid
 * first, as torchvision does it, so that parameters do not depend on the size; a map of the grid's size stays as it is.
 * Computed in float32. Of the first layer the output behind dropout is kept, whose positive values tell both what the
 * ReLU and what dropout let pass.
 */
export function hiddenUnit({ names, grid, in: channels, hidden, dropout, init }: HiddenLayers): Unit {
  const flat = grid * grid * channels;
  const [first, second] = names;
  return {
    parameters: [...layer(first, [grid, grid, channels, hidden], init), ...layer(second, [1, 1, hidden, hidden], init)],
    record<T extends Held>(k: Kernels<T>, x: T, pass: Pass, inputGradient: boolean): Recorded<T> {
      const { parameters, dropoutSeed } = pass;
      const rate = dropoutSeed === undefined ? 0 : dropout;
      const lead = x.shape.slice(0, -3);
      const map = x.shape.slice(-3) as [number, number, number];
      const weightOf = (name: string) => {
        const weight = parameters.get(`${name}.weight`);
        return tf.reshape<tf.Rank.R2>(weight, [-1, hidden]);
      };
      const gridOf = (view: tf.Tensor) =>
        tf.reshape<tf.Rank.R2>(adaptivePool(tf.reshape<tf.Rank.R4>(view, [-1, ...map]), grid), [-1, flat]);
      const positive = (x: tf.Tensor2D, name: string) =>
        tf.relu(tf.add<tf.Tensor2D>(tf.matMul(x, weightOf(name)), parameters.get(`${name}.bias`)));

      const inner = through(k, [x], ([view]) => {
        const y = positive(gridOf(view!), first);
        return rate > 0 ? tf.dropout(y, rate, undefined, dropoutSeed) : y;
      });
      const output = through(k, [inner], ([y]) =>
        tf.reshape(positive(y as tf.Tensor2D, second), [...lead, 1, 1, hidden]),
      );
      return {
        output,
        backward(dy) {
          const names: string[] = [];
          const found = tf.tidy(() => {
            const y6 = k.view(inner) as tf.Tensor2D;
            const y7 = tf.reshape<tf.Rank.R2>(k.view(output), [-1, hidden]);
            const d7 = beforeActivation(tf.reshape<tf.Rank.R2>(k.view(dy), [-1, hidden]), y7, 'relu');
            const kept = beforeActivation(tf.matMul(d7, weightOf(second), false, true), y6, 'relu');
            const d6 = rate > 0 ? tf.div<tf.Tensor2D>(kept, 1 - rate) : kept;
            const tensors: tf.Tensor[] = [];
            const give = (name: string, gradient: () => tf.Tensor) => {
              const variable = parameters.variable(name);
              if (!variable.trainable) return;
              names.push(name);
              tensors.push(tf.reshape(gradient(), variable.shape));
            };
            give(`${first}.weight`, () => tf.matMul(gridOf(k.view(x)), d6, true));
            give(`${first}.bias`, () => tf.sum(d6, 0));
            give(`${second}.weight`, () => tf.matMul(y6, d7, true));
            give(`${second}.bias`, () => tf.sum(d7, 0));
            if (inputGradient) tensors.push(tf.grad(gridOf)(k.view(x), tf.matMul(d6, weightOf(first), false, true)));
            return tensors;
          });
          for (const used of [dy, inner, output]) used.dispose();
          const dx = inputGradient ? consumed(found.pop()!, k.from) : null;
          const gradients: Gradients = new Map(names.map((name, i) => [name, found[i]!]));
          return { dx, gradients };
        },
        ...unused(output, () => {
          inner.dispose();
        }),
      };
    },
  };
}

function layer(name: string, shape: number[], init: HiddenLayers['init']): ParameterSpec[] {
  const { weight, bias } = init(shape.slice(0, -1).reduce((a, b) => a * b, 1));
  return [
    { name: `${name}.weight`, kind: 'flattened', shape, init: weight, trainable: true },
    { name: `${name}.bias`, kind: 'vector', shape: [shape.at(-1)!], init: bias, trainable: true },
  ];
}
