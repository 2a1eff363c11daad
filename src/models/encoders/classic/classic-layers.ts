import type { LrnMode, LrnOptions } from '../../../engine/ops/normalization/lrn.js';
import type { Initializer } from '../../parameters.js';
import type { PooledConv } from '../../units/conv-block.js';
import type { HiddenLayers } from '../../units/hidden-layers.js';
import type { TimeWindow } from '../../units/time-windows.js';

/** The sizes of AlexNet and its kin: five convolutions and two fully connected layers. */
export interface ClassicSizes {
  /** Outputs of the five convolutions. */
  channels: readonly [number, number, number, number, number];
  first: Pick<PooledConv, 'kernel' | 'stride' | 'padding'>;
  /** Outputs of FC6 and FC7. */
  hidden: number;
  /** Side of the grid that FC6 sees: that of the last map at the network's own size of frames. */
  grid: number;
}

/** What is optional in the convolutions. */
export interface ClassicOptions {
  /** Parts of the channels of the second, fourth and fifth convolution that do not see each other. */
  groups: number;
  /** Behind the first and the second convolution. */
  lrn: LrnOptions | null;
  /** Behind the first, second and fifth convolution. */
  pool: NonNullable<PooledConv['pool']>;
  /** Whether the fifth has it. */
  lastPool: boolean;
  /** The windows in time of the first convolutions. */
  time: readonly TimeWindow[];
  start: InitialValues;
}

/** Initial values. */
export interface InitialValues {
  /** Of the convolution with a number from 0 on. */
  convolution: (index: number, fanIn: number) => PooledConv['init'];
  hidden: HiddenLayers['init'];
}

/** The names of the convolutions, and of FC6 and FC7, in torchvision's AlexNet. */
const convolutionNames = ['features.0', 'features.3', 'features.6', 'features.8', 'features.10'];
export const hiddenNames = ['classifier.1', 'classifier.4'] as const;

/** The sizes times a factor. Channels stay whole numbers that `groups` divide. */
export function scaledSizes(sizes: ClassicSizes, factor: number, groups: number): ClassicSizes {
  const scaled = (channels: number) => groups * Math.max(1, Math.round((channels * factor) / groups));
  const [a, b, c, d, e] = sizes.channels;
  return {
    ...sizes,
    channels: [scaled(a), scaled(b), scaled(c), scaled(d), scaled(e)],
    hidden: Math.max(1, Math.round(sizes.hidden * factor)),
  };
}

/** The five convolutions (docs/method.md §14.2). */
export function classicBlocks({ channels, first }: ClassicSizes, options: ClassicOptions): PooledConv[] {
  const { lrn, pool, lastPool, time, start } = options;
  const kernels = [first.kernel, 5, 3, 3, 3];
  return channels.map((out, i) => {
    const inputs = i === 0 ? 3 : channels[i - 1]!;
    const kernel = kernels[i]!;
    const groups = [1, 3, 4].includes(i) ? options.groups : 1;
    const { extent = 1, stride = 1 } = time[i] ?? {};
    return {
      name: convolutionNames[i]!,
      ...{ in: inputs, out, kernel, groups },
      ...(i === 0 ? first : { stride: 1, padding: (kernel - 1) / 2 }),
      time: extent === 1 && stride === 1 ? null : { extent, stride },
      lrn: i < 2 ? lrn : null,
      pool: i < 2 || (i === 4 && lastPool) ? pool : null,
      init: start.convolution(i, (extent * kernel ** 2 * inputs) / groups),
    };
  });
}

const constant = (value: number): Initializer => ({ type: 'constant', value });
const normal = (deviation: number): Initializer => ({ type: 'normal', deviation });

/**
 * How the authors of AlexNet began: normal weights of deviation 0.01, which their code raises to 0.03 in the last three
 * convolutions, and biases of 1 where ReLUs should start with something to pass.
 */
export const paperStart: InitialValues = {
  convolution: (i) => ({ weight: normal(i < 2 ? 0.01 : 0.03), bias: constant([1, 3, 4].includes(i) ? 1 : 0) }),
  hidden: () => ({ weight: normal(0.01), bias: constant(1) }),
};

/** Weights that keep the size of values through ReLUs (He et al. 2015), for networks of other widths and inputs. */
export const heStart: InitialValues = {
  convolution: (_, fanIn) => ({ weight: normal(Math.sqrt(2 / fanIn)), bias: constant(0) }),
  hidden: (fanIn) => ({ weight: normal(Math.sqrt(2 / fanIn)), bias: constant(0) }),
};

/** PyTorch's own. */
export const torchStart: InitialValues = {
  convolution: (_, fanIn) => ({ weight: { type: 'uniform', fanIn }, bias: { type: 'uniform', fanIn } }),
  hidden: (fanIn) => ({ weight: { type: 'uniform', fanIn }, bias: { type: 'uniform', fanIn } }),
};

/** The options of LRN in a mode; null where there is none. */
export function lrnOf(mode: LrnMode | 'none' | null, constants: Omit<LrnOptions, 'mode'>): LrnOptions | null {
  return mode === null || mode === 'none' ? null : { ...constants, mode };
}
