import type { AlexnetKeys } from '../../config/sections/classic-keys.js';
import { convBlockUnit, type PooledConv } from '../units/conv-block.js';
import { hiddenUnit } from '../units/hidden-layers.js';
import type { Unit } from '../units/unit.js';
import {
  classicBlocks,
  heStart,
  hiddenNames,
  lrnOf,
  paperStart,
  scaledSizes,
  torchStart,
  type ClassicSizes,
  type InitialValues,
} from './classic/classic-layers.js';
import { imagenetScaling, unitEncoder, type Encoder, type InputScaling } from './encoder.js';

interface AlexnetPreset {
  sizes: ClassicSizes;
  start: InitialValues;
  scaling: InputScaling;
}

/** The mean is subtracted, and nothing else: the network's own constants are made for values of that size. */
const meanOnly: InputScaling = { mean: imagenetScaling.mean, deviation: [1, 1, 1] };

const presets: Readonly<Record<AlexnetKeys['preset'], AlexnetPreset>> = {
  full: {
    sizes: {
      channels: [96, 256, 384, 384, 256],
      first: { kernel: 11, stride: 4, padding: 0 },
      hidden: 4096,
      grid: 6,
    },
    start: paperStart,
    scaling: meanOnly,
  },
  mini: {
    sizes: { channels: [12, 32, 48, 48, 32], first: { kernel: 5, stride: 2, padding: 2 }, hidden: 128, grid: 2 },
    start: heStart,
    scaling: imagenetScaling,
  },
  torchvision: {
    sizes: {
      channels: [64, 192, 384, 256, 256],
      first: { kernel: 11, stride: 4, padding: 2 },
      hidden: 4096,
      grid: 6,
    },
    start: torchStart,
    scaling: imagenetScaling,
  },
};

/** The constants of the paper's normalisation. */
const paperLrn = { size: 5, bias: 2, alpha: 1e-4, beta: 0.75 };

/**
 * AlexNet [Krizhevsky et al. 2012] with torchvision's names, without its classifier: five convolutions with ReLUs, LRN
 * behind the first two, overlapping max pools, and two fully connected layers (docs/method.md §14.2). A frame network.
 *
 * @param width - A factor on the channels of all layers.
 */
export function alexnet({ width, keys }: { width: number; keys: AlexnetKeys }): Encoder {
  const { sizes: published, start, scaling } = presets[keys.preset];
  const sizes = scaledSizes(published, width, keys.groups ?? 1);
  const { hidden, grid } = sizes;
  const convolutions: Unit[] = alexnetBlocks(keys, sizes, start).map(convBlockUnit);
  const inputs = sizes.channels[4];
  if (keys.feature === 'conv5') return unitEncoder({ units: convolutions, channels: inputs, scaling, input: 'images' });
  const layers = { names: hiddenNames, grid, in: inputs, hidden, dropout: keys.dropout, init: start.hidden };
  return unitEncoder({ units: [...convolutions, hiddenUnit(layers)], channels: hidden, scaling, input: 'images' });
}

/** The convolutions. */
export function alexnetBlocks(
  { preset, groups, lrn, overlap }: AlexnetKeys,
  sizes = presets[preset].sizes,
  start = presets[preset].start,
): PooledConv[] {
  return classicBlocks(sizes, {
    groups: groups ?? 1,
    start,
    lrn: lrnOf(lrn, paperLrn),
    pool: { size: overlap ? 3 : 2, stride: 2 },
    lastPool: true,
    time: [],
  });
}
