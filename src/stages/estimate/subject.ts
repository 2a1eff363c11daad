import type { Config } from '../../config/schema.js';
import type { Precision } from '../../engine/kernels/choose.js';
import { resolvePrecision } from '../../engine/precision.js';
import { buildEncoder } from '../../models/encoders/encoder-catalogue.js';
import type { Encoder } from '../../models/encoders/encoder.js';
import type { Pass } from '../../models/layers/layer.js';
import { inferenceCost, updateCost, type MeteredClip, type Cost, type StepOptions } from './cost.js';
import { copiedBytes, numbersOf, stateBytes, type ModelPart } from './model-part.js';

/** What is estimated, and what the estimates of all stages have in common. */
export interface Subject {
  config: Config;
  encoder: Encoder;
  /** Channels of a feature that the head sees. */
  channels: number;
  /** The precision in which the encoder trains. */
  precision: Precision;
  /** Resident size of the process before anything is computed, bytes. */
  idle: number;
  /** The cost of a pass in float32 of which nothing is kept. Each shape is metered once. */
  inference: (clip: MeteredClip, normalization: Pass['normalization']) => Cost;
}

/** Bytes that something needs for a while, beside what is there from step to step. */
export interface Moment {
  /** Of the engine's tensors. */
  tensors: number;
  /** Of plain arrays: decoded frames, copies of parameters. */
  arrays: number;
}

/** Memory of kernels and of the process's own work, bytes: measured, the same for all sizes. */
const workspace = 150 * 2 ** 20;

/** Classes where only the dataset tells how many there are. Their number makes little difference. */
const usualClasses = 20;

/** The subject of an estimate. The engine must have been started. */
export function subjectOf(config: Config, channels: number): Subject {
  const idle = process.memoryUsage().rss + workspace;
  const encoder = buildEncoder(config.encoder);
  const known = new Map<string, Cost>();
  return {
    config,
    encoder,
    channels,
    precision: resolvePrecision(config.precision),
    idle,
    inference(clip, normalization) {
      const key = `${clip.frames}x${clip.size} ${normalization}`;
      const cost = known.get(key) ?? inferenceCost(encoder, clip, { normalization, precision: 'float32' });
      known.set(key, cost);
      return cost;
    },
  };
}

/** What training some parts of a model takes beside the passes. */
export function trainingOf(parts: readonly ModelPart[], options: StepOptions) {
  const numbers = numbersOf(parts);
  return {
    parameters: numbers.trained,
    /** Bytes of slots and averages. */
    state: stateBytes(numbers, options),
    /** Bytes of one gradient of all parts. */
    gradient: 4 * numbers.trained,
    /** What the end of a step takes. */
    update: { tensors: updateCost(parts, options), arrays: copiedBytes(numbers, options) },
  };
}

/** Bytes of the decoded frames of a batch, and of those that are read ahead. `snippets`: of the whole batch. */
export function framesAhead({ data }: Config, { frames, size }: MeteredClip, snippets: number): number {
  return frames * size * size * 3 * snippets * (1 + data.prefetch);
}

/** The largest resident size of the process, GiB, where `stays` bytes are there all along. */
export function peakGib({ idle }: Subject, stays: number, moments: readonly Moment[]): number {
  const most = (key: keyof Moment) => Math.max(...moments.map((moment) => moment[key]));
  // The engine keeps the memory of tensors that it has freed.
  return Number(((idle + stays + most('tensors') + most('arrays')) / 2 ** 30).toFixed(3));
}

/** The number of classes, where the configuration tells it. */
export function classesOf({ data }: Config): number {
  return data.synthetic?.classes ?? usualClasses;
}

/** Operations in 10⁹. */
export const giga = (flops: number): number => Number((flops / 1e9).toFixed(2));
