import * as tf from '@tensorflow/tfjs-core';
import type { Config, Shape } from '../../config/schema.js';
import { stageFacts, type StageName } from '../../config/stages.js';
import { metered, type Reading } from '../../engine/meter.js';
import { randomStream } from '../../engine/random.js';
import { buildEncoder } from '../../models/encoders/encoder-catalogue.js';
import { buildHead } from '../../models/heads/head-catalogue.js';
import type { Encoder } from '../../models/encoders/encoder.js';
import { setBatchNormMode } from '../../models/layers/batch-norm-layer.js';
import type { Pass } from '../../models/layers/layer.js';
import { Parameters, type ParameterSpec } from '../../models/parameters.js';
import { disposeGradients, lossAndGradients } from '../../train/gradients.js';
import { slotsPerParameter, type OptimizerOptions } from '../../train/optimizers/optimizer-of.js';
import { snippetsAtOnce } from '../encoder/full-fidelity.js';

/** What a stage is about to take. */
export interface StageEstimate {
  /** Trainable numbers. */
  parameters: number;
  shapes: ShapeEstimate[];
}

export interface ShapeEstimate {
  /** `snippets x side in pixels`; of `pretrain`: frames x side; of `head`: snippets. */
  shape: string;
  /**
   * Floating-point operations of an optimiser step, forward and backward, in 10⁹, a multiply-add counted as two; of
   * `extract`: of a video.
   */
  gflops: number;
  /** Largest resident size of the process, GiB, without the frames that `data.memoryGiB` keeps. */
  peak_gib: number;
}

/** The estimates of the stages that will run, by name. The classifier of segments is too small to count. */
export type Estimate = Partial<Record<'pretrain' | 'joint' | 'extract' | 'head', StageEstimate>>;

/**
 * Memory and operations of every stage and shape, before anything runs: the stages' own steps are taken on a few
 * made-up items and metered; what they take grows in proportion. Needs the native engine, which must have been started.
 */
export function estimate(config: Config): Estimate {
  const idle = process.memoryUsage().rss + workspace;
  const encoder = buildEncoder(config.encoder);
  const measured = { config, encoder, idle };
  const runs = (name: StageName) => stageFacts(name).applies(config);
  return {
    // Without epochs it only keeps the encoder.
    ...(runs('pretrain') && config.pretrain.epochs > 0 && { pretrain: pretrain(measured) }),
    ...(runs('joint') && { joint: joint(measured) }),
    ...(runs('extract') && { extract: extract(measured) }),
    head: headStage(measured),
  };
}

/** What kernels take for themselves, and the process for its own work, bytes: the same for all sizes, as measured. */
const workspace = 150 * 2 ** 20;

/**
 * Bytes that TensorFlow's allocator takes for a byte of tensors in an encoder's pass: what small tensors leave is too
 * small for large ones. As measured by tools/bench/lofi-step.ts, where it is 1.4 to 1.8.
 */
const gaps = 1.6;

interface Subject {
  config: Config;
  encoder: Encoder;
  /** Resident size before anything is computed, bytes. */
  idle: number;
}

function pretrain({ config, encoder, idle }: Subject): StageEstimate {
  const { frames } = config.encoder;
  const { size, batch, microBatch, batchNorm } = config.pretrain;
  const clips = Math.min(batch, microBatch ?? batch);
  const cost = encoderCost(config, encoder, { size, frames }, batchNorm);
  const state = stateBytes(encoder.parameters, config.pretrain, clips < batch);
  const images = clipBytes(frames, size) * batch * (1 + config.data.prefetch);
  return {
    parameters: trainable(encoder.parameters),
    shapes: [
      {
        shape: `${frames}x${size}`,
        gflops: giga(cost.flops(batch)),
        peak_gib: gib(idle + cost.resident + state + images + gaps * cost.peak(clips)),
      },
    ],
  };
}

function joint({ config, encoder, idle }: Subject): StageEstimate {
  const { frames } = config.encoder;
  const { shapes, batch, microBatch, batchNorm, gradient, chunk } = config.joint;
  const head = freshHead(config, encoder);
  const videos = Math.min(batch, microBatch ?? batch);
  const parameters = [...encoder.parameters, ...head.parameters];
  const state = stateBytes(parameters, config.joint, videos < batch);
  return {
    parameters: trainable(parameters),
    shapes: shapes.map(({ snippets, size }) => {
      const cost = encoderCost(config, encoder, { size, frames }, batchNorm);
      const onTop = headCost(config, encoder, snippets);
      const images = clipBytes(frames, size) * snippets * batch * (1 + config.data.prefetch);
      const whole = videos * snippets;
      const chunked = gradient === 'chunked';
      const recorded = chunked ? Math.min(chunk, whole) : whole;
      const peak = Math.max(cost.peak(recorded), (chunked ? 0 : cost.kept(recorded)) + onTop.peak(videos));
      const again = chunked ? inferenceCost(encoder, { size, frames }).flops(batch * snippets) : 0;
      return {
        shape: `${snippets}x${size}`,
        gflops: giga(cost.flops(batch * snippets) + again + onTop.flops(batch)),
        peak_gib: gib(idle + cost.resident + onTop.resident + state + images + gaps * peak),
      };
    }),
  };
}

function extract({ config, encoder, idle }: Subject): StageEstimate {
  const { frames } = config.encoder;
  const { snippets, size } = config.full;
  const cost = inferenceCost(encoder, { size, frames });
  const images = clipBytes(frames, size) * snippets * (1 + config.data.prefetch);
  return {
    parameters: trainable(encoder.parameters),
    shapes: [
      {
        shape: `${snippets}x${size}`,
        gflops: giga(cost.flops(snippets)),
        peak_gib: gib(idle + cost.resident + images + cost.peak(Math.min(snippets, snippetsAtOnce(config)))),
      },
    ],
  };
}

function headStage({ config, encoder, idle }: Subject): StageEstimate {
  const { batch, microBatch } = config.head;
  const { snippets } = config.model.window ?? config.full;
  const { parameters } = freshHead(config, encoder);
  const videos = Math.min(batch, microBatch ?? batch);
  const cost = headCost(config, encoder, snippets);
  return {
    parameters: trainable(parameters),
    shapes: [
      {
        shape: String(snippets),
        gflops: giga(cost.flops(batch)),
        peak_gib: gib(idle + cost.resident + stateBytes(parameters, config.head, videos < batch) + cost.peak(videos)),
      },
    ],
  };
}

/** What some work takes for n items. */
interface Cost {
  /** Bytes of parameters and constants, there before and after. */
  resident: number;
  /** Bytes on top of that at most. */
  peak(n: number): number;
  flops(n: number): number;
}

/** How many classes there are makes no difference to speak of. */
const classes = 20;

const freshHead = ({ model }: Config, { channels }: Encoder) => buildHead(model, channels, classes);

/** A recorded pass of an encoder through n snippets and back; `kept`: bytes between the pass and the way back. */
export function encoderCost(
  config: Config,
  encoder: Encoder,
  { size, frames }: { size: number; frames: number },
  batchNorm: Config['joint']['batchNorm'],
): Cost & { kept(n: number): number } {
  const parameters = new Parameters(encoder.parameters, randomStream(0, 'estimate'));
  const pass: Pass = { parameters, normalization: setBatchNormMode(parameters, batchNorm) };
  const [there, back] = proportional(fewSnippets(size), 2, (snippets, read) => {
    const record = encoder.record(tf.zeros([1, snippets, frames, size, size, 3]), pass);
    const forward = read();
    const d = tf.onesLike(record.features);
    const gradients = record.backward(d);
    record.dispose();
    const backward = read();
    tf.dispose([d, ...gradients.values()]);
    return [forward, backward];
  }) as [Proportional, Proportional];
  parameters.dispose();
  return {
    resident: there.resident,
    kept: (n) => there.alive(n),
    peak: (n) => Math.max(there.peak(n), back.peak(n)),
    flops: (n) => there.flops(n) + back.flops(n),
  };
}

/** An encoder's pass through n snippets of which nothing is kept. */
function inferenceCost(encoder: Encoder, { size, frames }: { size: number; frames: number }): Cost {
  const parameters = new Parameters(encoder.parameters, randomStream(0, 'estimate'));
  const [cost] = proportional(fewSnippets(size), 1, (snippets, read) => {
    const x = tf.zeros([1, snippets, frames, size, size, 3]);
    tf.dispose([encoder.encode(x, { parameters, normalization: 'running' }), x]);
    return [read()];
  }) as [Proportional];
  parameters.dispose();
  return cost;
}

/** A step of the head on n videos of so many snippets. */
function headCost(config: Config, encoder: Encoder, snippets: number): Cost {
  const head = freshHead(config, encoder);
  const parameters = new Parameters(head.parameters, randomStream(0, 'estimate'));
  const truth = head.targets([{ start: 0.2, end: 0.6, label: 0 }], snippets, snippets);
  const [cost] = proportional(1, 1, (videos, read) => {
    const x = tf.ones<tf.Rank.R3>([videos, snippets, encoder.channels]);
    const input = { features: x, valid: Array<number>(videos).fill(snippets) };
    const targets = Array<unknown>(videos).fill(truth);
    const forward = () =>
      head.loss(input, targets, { parameters, normalization: 'running' }, randomStream(0, 'estimate'));
    disposeGradients(lossAndGradients(forward, new Map([['head', parameters]])).gradients);
    x.dispose();
    return [read()];
  }) as [Proportional];
  head[Symbol.dispose]();
  parameters.dispose();
  return cost;
}

/** Readings of some stretch of work as straight lines over the number of items; bytes without what is resident. */
interface Proportional extends Cost {
  alive(n: number): number;
}

/**
 * Lines through what work takes for n and for 2n items.
 *
 * @param work - Gives a reading for each of its `stretches`, and leaves nothing behind but what its first call may:
 *   parameters on their way to the engine, constants.
 */
function proportional(
  n: number,
  stretches: number,
  work: (items: number, read: () => Reading) => Reading[],
): Proportional[] {
  return metered((read) => {
    work(1, read);
    const { aliveBytes: resident } = read();
    const [once, twice] = [work(n, read), work(2 * n, read)];
    return Array.from({ length: stretches }, (_, i) => {
      const line = (key: keyof Reading, base: number) => (items: number) =>
        once[i]![key] - base + ((twice[i]![key] - once[i]![key]) * (items - n)) / n;
      return {
        resident,
        peak: line('peakBytes', resident),
        alive: line('aliveBytes', resident),
        flops: line('flops', 0),
      };
    });
  });
}

/**
 * How many snippets an encoder is metered with, and twice as many: so few that it takes seconds, and enough for maps to
 * outweigh the gradients of filters, as they do in a real step.
 */
const fewSnippets = (size: number): number => Math.max(2, Math.round(4 * (112 / size) ** 2));

/**
 * Bytes beside the parameters from step to step: slots of the optimiser, a moving average of the weights, and the sum
 * of gradients where micro-batches add up.
 */
function stateBytes(
  parameters: readonly ParameterSpec[],
  options: OptimizerOptions & { ema: number },
  summed: boolean,
): number {
  const copies = slotsPerParameter(options) + (options.ema > 0 ? 1 : 0) + (summed ? 1 : 0);
  return 4 * copies * trainable(parameters);
}

function trainable(parameters: readonly ParameterSpec[]): number {
  return parameters.filter((spec) => spec.trainable).reduce((sum, { shape }) => sum + elements(shape), 0);
}

/** Bytes of the frames of a snippet as they come from the loader. */
const clipBytes = (frames: number, size: Shape['size']): number => frames * size * size * 3;

const elements = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const giga = (flops: number): number => Number((flops / 1e9).toFixed(2));
const gib = (bytes: number): number => Number((bytes / 2 ** 30).toFixed(3));
