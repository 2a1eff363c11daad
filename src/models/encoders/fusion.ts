import * as tf from '@tensorflow/tfjs-core';
import type { FusionKeys } from '../../config/sections/classic-keys.js';
import { convBlockUnit, type PooledConv } from '../units/conv-block.js';
import { hiddenUnit } from '../units/hidden-layers.js';
import {
  classicBlocks,
  heStart,
  hiddenNames,
  lrnOf,
  paperStart,
  scaledSizes,
  type ClassicOptions,
  type ClassicSizes,
} from './classic/classic-layers.js';
import { viewsOf } from './classic/frame-views.js';
import { temporalPlan } from './classic/temporal-plan.js';
import { towersUnit } from './classic/towers.js';
import { unitEncoder, type Encoder, type InputScaling } from './encoder.js';

/** What a fusion network is made of besides its keys. */
export interface FusionNetwork {
  sizes: ClassicSizes;
  start: ClassicOptions['start'];
  scaling: InputScaling;
}

const grey = (deviation: number): InputScaling => ({
  mean: [117, 117, 117],
  deviation: [deviation, deviation, deviation],
});

/** The network of each preset, at width 1. */
export const fusionPresets: Readonly<Record<FusionKeys['preset'], FusionNetwork>> = {
  full: {
    sizes: {
      channels: [96, 256, 384, 384, 256],
      first: { kernel: 11, stride: 3, padding: 'same' },
      hidden: 4096,
      grid: 7,
    },
    start: paperStart,
    scaling: grey(1),
  },
  mini: {
    sizes: { channels: [12, 32, 48, 48, 32], first: { kernel: 5, stride: 2, padding: 'same' }, hidden: 128, grid: 3 },
    start: heStart,
    scaling: grey(58),
  },
};

/** AlexNet's constants with the β of the fusion networks. */
const fusionLrn = { size: 5, bias: 2, alpha: 1e-4, beta: 0.5 };

/**
 * The fusion networks of Karpathy et al. 2014 with torchvision's names of AlexNet, without their classifier
 * (docs/method.md §14.3). They see the frames of a snippet together; `single` makes a feature of each.
 *
 * @param options - `width`: a factor on the channels of all layers. `frames`: of a snippet, of which the convolutions
 *   over time are made; snippets of another length are read as if they had so many.
 */
export function fusion(options: { width: number; frames: number; keys: FusionKeys }): Encoder {
  const { width, frames, keys } = options;
  const { sizes, ...preset } = fusionPresets[keys.preset];
  return fusionEncoder(keys, frames, { ...preset, sizes: scaledSizes(sizes, width, 1) });
}

/** A fusion network of any sizes. */
export function fusionEncoder(keys: FusionKeys, frames: number, network: FusionNetwork): Encoder {
  const { sizes, start, scaling } = network;
  const streams = viewsOf[keys.streams];
  const blocks = fusionBlocks(keys, frames, network);
  const several = streams.length > 1;
  const towers = streams.map(({ name, view }) => {
    const chosen = frameChoice(keys.kind, frames);
    return {
      prefix: several ? `${name}.` : '',
      units: blocks.map(convBlockUnit),
      view: chosen || view ? (x: tf.Tensor5D) => (view ?? same)((chosen ?? same)(x)) : null,
    };
  });
  const joined = towersUnit(towers, keys.kind === 'late');
  const channels = sizes.channels[4] * streams.length * (keys.kind === 'late' ? 2 : 1);
  if (keys.feature === 'conv5') return unitEncoder({ units: [joined], channels, scaling, input: 'videos' });
  const { hidden, grid } = sizes;
  const layers = { names: hiddenNames, grid, in: channels, hidden, dropout: keys.dropout, init: start.hidden };
  return unitEncoder({ units: [joined, hiddenUnit(layers)], channels: hidden, scaling, input: 'videos' });
}

/** The convolutions of each tower. Half-size streams have no last pool, so that their maps are as large as others'. */
export function fusionBlocks(
  { kind, streams, lrn }: Pick<FusionKeys, 'kind' | 'streams' | 'lrn'>,
  frames: number,
  { sizes, start }: Pick<FusionNetwork, 'sizes' | 'start'>,
): PooledConv[] {
  return classicBlocks(sizes, {
    groups: 1,
    start,
    lrn: lrnOf(lrn, fusionLrn),
    pool: { size: 2, stride: 2 },
    lastPool: streams === 'full',
    time: temporalPlan(frames, kind),
  });
}

const same = (x: tf.Tensor5D) => x;

/** The frames that a network of a kind sees of those of a snippet; null: all. */
function frameChoice(kind: FusionKeys['kind'], frames: number): ((x: tf.Tensor5D) => tf.Tensor5D) | null {
  if (kind === 'single') return null;
  if (kind === 'late') return (x) => taken(x, [0, x.shape[1] - 1]);
  return (x) => {
    const given = x.shape[1];
    return given === frames ? x : taken(x, spread(given, frames));
  };
}

/** The places of `count` frames that are spread evenly over `given` ones, the nearest of each. */
function spread(given: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * given) / count));
}

function taken(x: tf.Tensor5D, places: readonly number[]): tf.Tensor5D {
  return tf.gather(x, tf.tensor1d([...places], 'int32'), 1);
}
