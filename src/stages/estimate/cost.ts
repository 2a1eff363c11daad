import * as tf from '@tensorflow/tfjs-core';
import type { Config } from '../../config/schema.js';
import type { Precision } from '../../engine/kernels/choose.js';
import { metered, type Reading } from '../../engine/meter.js';
import { randomStream } from '../../engine/random.js';
import { meanLoss } from '../../models/classifier.js';
import type { Encoder } from '../../models/encoders/encoder.js';
import type { Head } from '../../models/heads/head.js';
import { setBatchNormMode } from '../../models/layers/batch-norm-layer.js';
import type { Pass } from '../../models/layers/layer.js';
import type { Parameters, ParameterSpec } from '../../models/parameters.js';
import type { SequenceAutoencoder } from '../../models/sequence/sequence-autoencoder.js';
import { Owned } from '../../system/owned.js';
import type { Forward } from '../../train/compute/compute.js';
import { disposeGradients, lossAndGradients, type GradientsByPart, type LossTensors } from '../../train/gradients.js';
import { optimizerOf, type OptimizerOptions } from '../../train/optimizers/optimizer-of.js';
import { rulesOf } from '../../train/optimizers/parameter-rules.js';
import { ownedParts } from '../../train/trained-parts.js';
import { undivided } from '../../train/ranks/division.js';
import { update } from '../../train/update.js';
import type { SegmentLayers } from '../segments/segment-layers.js';
import { partWithoutValues, withoutValues, type ModelPart } from './model-part.js';

/** Memory and operations of a piece of work on n items, as straight lines over n. */
export interface Cost {
  /** Bytes of parameters and constants, which are there before and after. */
  resident: number;
  /** The most bytes that are there at a time, without the resident ones. */
  peak(n: number): number;
  /** Bytes that are there at the end, without the resident ones. */
  alive(n: number): number;
  flops(n: number): number;
}

/** The frames of a snippet as an encoder gets them. */
export interface MeteredClip {
  frames: number;
  /** Side of the square frames, pixels. */
  size: number;
}

/** A recorded pass of an encoder through n snippets, and the way back. */
export interface EncoderCost extends Omit<Cost, 'alive'> {
  /** Bytes that the pass keeps for the way back, without the resident ones. */
  kept(n: number): number;
}

/** What training a stage costs an encoder, on snippets of one shape. */
export function encoderCost(
  encoder: Encoder,
  { frames, size }: MeteredClip,
  { batchNorm, precision }: { batchNorm: Config['joint']['batchNorm']; precision: Precision },
): EncoderCost {
  using parameters = withoutValues(encoder.parameters);
  const pass: Pass = { parameters, normalization: setBatchNormMode(parameters, batchNorm), precision };
  const [there, back] = proportional(fewSnippets({ frames, size }), 2, (snippets, read) => {
    const record = encoder.record(tf.zeros([1, snippets, frames, size, size, 3]), pass);
    const forward = read();
    const d = tf.onesLike(record.features);
    const gradients = record.backward(d);
    record.dispose();
    const backward = read();
    tf.dispose([d, ...gradients.values()]);
    return [forward, backward];
  }) as [Cost, Cost];
  return {
    resident: there.resident,
    kept: (n) => there.alive(n),
    peak: (n) => Math.max(there.peak(n), back.peak(n)),
    flops: (n) => there.flops(n) + back.flops(n),
  };
}

/** A pass of an encoder through n snippets of which nothing is kept. */
export function inferenceCost(
  encoder: Encoder,
  { frames, size }: MeteredClip,
  { normalization, precision }: Required<Pick<Pass, 'normalization' | 'precision'>>,
): Cost {
  using parameters = withoutValues(encoder.parameters);
  const [cost] = proportional(fewSnippets({ frames, size }), 1, (snippets, read) => {
    const x = tf.zeros([1, snippets, frames, size, size, 3]);
    tf.dispose([tf.tidy(() => encoder.encode(x, { parameters, normalization, precision })), x]);
    return [read()];
  }) as [Cost];
  return cost;
}

/** A step of a head on n videos, or windows, of so many snippets with so many channels. */
export function headCost(head: Head, snippets: number, channels: number): Cost {
  using parameters = withoutValues(head.parameters);
  const truth = head.targets([{ start: 0.2, end: 0.6, label: 0 }], snippets, snippets);
  const [cost] = proportional(1, 1, (videos, read) => {
    const x = tf.ones<tf.Rank.R3>([videos, snippets, channels]);
    const input = { features: x, valid: Array<number>(videos).fill(snippets) };
    const targets = Array<unknown>(videos).fill(truth);
    const pass: Pass = { parameters, normalization: 'running' };
    onTape(parameters, () => head.loss(input, targets, pass, randomStream(0, 'estimate')));
    x.dispose();
    return [read()];
  }) as [Cost];
  return cost;
}

/** A step of the classifier of segments on n instances. */
export function segmentsCost(layers: SegmentLayers, channels: number): Cost {
  using parameters = withoutValues(layers.parameters);
  const [cost] = proportional(1, 1, (instances, read) => {
    const x = tf.ones<tf.Rank.R3>([instances, layers.rows, channels]);
    const classes = Array<number>(instances).fill(0);
    onTape(parameters, () => meanLoss(layers.losses(x, classes, parameters, { fraction: 0.5, seed: 0 })));
    x.dispose();
    return [read()];
  }) as [Cost];
  return cost;
}

/** A step of `pretext` on n sequences. */
export function sequenceCost(
  model: SequenceAutoencoder,
  specs: readonly ParameterSpec[],
  { steps, past, channels }: { steps: number; past: number; channels: number },
): Cost {
  using parameters = withoutValues(specs);
  const [cost] = proportional(2, 1, (sequences, read) => {
    const x = tf.ones<tf.Rank.R3>([steps, sequences, channels]);
    onTape(parameters, () => model.loss(x, past, { parameters, normalization: 'running' }));
    x.dispose();
    return [read()];
  }) as [Cost];
  return cost;
}

function onTape(parameters: Parameters, loss: () => LossTensors): void {
  disposeGradients(lossAndGradients(loss, new Map([['all', parameters]])).gradients);
}

/** The keys of a stage that the end of a step depends on. */
export type StepOptions = OptimizerOptions & { ema: number; clipNorm: number; weightDecay: number };

/**
 * The most bytes that the end of a step takes at a time: the gradients, and what clipping, optimizer and average need
 * on the way. Parameters, slots and averages, which stay, are not among them.
 */
export function updateCost(parts: readonly ModelPart[], options: StepOptions): number {
  using owned = new Owned();
  const parameters = parts.map((part) => owned.add(partWithoutValues(part)));
  // With `pretrain.transfer: top` nothing of the encoder is trained.
  if (parameters.every((of) => of.trainable().length === 0)) return 0;
  const planned = parameters.map(
    (of, i) => [String(i), { parameters: of, rules: rulesOf(options, of.specs) }] as const,
  );
  const compute = () => ({ loss: 0, weighted: 0, terms: {}, gradients: zeroGradients(parameters), items: null });
  return metered((read) => {
    const keys = { lrFactors: {}, ema: options.ema };
    const trained = ownedParts(owned, 'estimate', keys, Object.fromEntries(planned), optimizerOf(options));
    const step = () => {
      update(trained, undivided([1]), options.clipNorm, { step: 0, lr: 0 }, noForward, { compute });
      return read();
    };
    // Parameters and slots go to the engine in the first step.
    const { aliveBytes } = step();
    return step().peakBytes - aliveBytes;
  });
}

const noForward: Forward = {
  through: 'tape',
  loss: () => {
    throw new Error('the gradients are made up');
  },
};

function zeroGradients(parts: readonly Parameters[]): GradientsByPart {
  const ofPart = (parameters: Parameters) =>
    new Map(parameters.trainable().map((name): [string, tf.Tensor] => [name, tf.zerosLike(parameters.get(name))]));
  return new Map(parts.map((parameters, i) => [String(i), ofPart(parameters)]));
}

/**
 * Lines through what work takes for n and for 2n items.
 *
 * @param work - Gives a reading for each of its `stretches`, and leaves nothing behind but what its first call may:
 *   parameters on their way to the engine, constants.
 */
function proportional(n: number, stretches: number, work: (items: number, read: () => Reading) => Reading[]): Cost[] {
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
 * outweigh the gradients of filters, as they do in a real step. 4 frames of 224 pixels a side, or a snippet.
 */
const fewSnippets = ({ frames, size }: MeteredClip): number =>
  Math.max(1, Math.round((4 * 224 ** 2) / (frames * size ** 2)));
